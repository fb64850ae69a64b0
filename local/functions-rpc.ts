import { buffer } from "node:stream/consumers";
import { drain, end, type HttpCall, headersOf, logFailure, queryOf } from "./functions-call.ts";
import type { RpcHttpData } from "./functions-messages.ts";

/**
 * Runs an HTTP function of an app that does not stream: request and response are one message each.
 * As on Azure a body is passed on only if it has a `Content-Length`: a chunked one arrives empty.
 */
export async function invokeOverRpc(call: HttpCall): Promise<void> {
  const { app, registered, bindingName, invocationId, request, response, parameters, target, host, log } = call;
  const hasLength = Number(request.headers["content-length"] ?? 0) > 0;
  const http: RpcHttpData = {
    method: request.method ?? "",
    url: `http://${host}${target}`,
    headers: headersOf(request),
    query: queryOf(target),
    params: parameters,
    body: hasLength ? { bytes: await buffer(request) } : null,
  };
  try {
    const inputData = [{ name: bindingName, data: { http } }];
    const { returnValue } = await app.invoke(registered, { invocationId, inputData, triggerMetadata: {} });
    if (!returnValue?.http) return end(request, response, 204);
    const { statusCode, headers = {}, cookies = [], body } = returnValue.http;
    const bytes = body?.bytes ?? Buffer.from(body?.string ?? "");
    response.setHeaders(new Map(Object.entries(headers)));
    for (const { name, value } of cookies) response.appendHeader("set-cookie", `${name}=${value}; path=/`);
    response.writeHead(Number(statusCode), { "content-length": bytes.length }).end(bytes);
    drain(request);
  } catch (error) {
    logFailure(log, registered, error);
    end(request, response, 500);
  }
}
