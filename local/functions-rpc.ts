import { buffer } from "node:stream/consumers";
import { drain, end, type HostLog, type HttpCall } from "./functions-call.ts";
import type { RpcHttpData, RpcTypedData } from "./functions-core.ts";
import { headersOf, queryOf } from "./functions-forward.ts";

/**
 * Runs an HTTP function that gets its request and gives its response as one message.
 * As on Azure a body is passed on only with a `Content-Length`: a chunked one arrives empty.
 */
export async function invokeOverRpc(call: HttpCall, log: HostLog): Promise<void> {
  const { app, registered, bindingName, invocationId, request, response, parameters, target, host } = call;
  const body = Number(request.headers["content-length"] ?? 0) > 0 ? await buffer(request) : undefined;
  const http: RpcHttpData = {
    method: request.method ?? "",
    url: `http://${host}${target}`,
    headers: headersOf(request),
    query: queryOf(target),
    params: parameters,
    body: body ? { bytes: body } : null,
  };
  try {
    const { returnValue } = await app.invoke(registered, {
      invocationId,
      inputData: [{ name: bindingName, data: { http } }],
      triggerMetadata: {},
    });
    if (!returnValue?.http) return end(request, response, 204);
    const { statusCode, headers = {}, cookies = [], body: answer } = returnValue.http;
    const bytes = bytesOf(answer);
    response.setHeaders(new Map(Object.entries(headers)));
    for (const { name, value } of cookies) response.appendHeader("set-cookie", `${name}=${value}; path=/`);
    response.writeHead(Number(statusCode), { "content-length": bytes.length }).end(bytes);
    drain(request);
  } catch (error) {
    log(
      "error",
      `Executed '${registered.name}' (Failed): ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
    end(request, response, 500);
  }
}

function bytesOf(data: RpcTypedData | null | undefined): Uint8Array {
  return data?.bytes ?? Buffer.from(data?.string ?? data?.json ?? "");
}
