using System.Text.Json;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using SoCMate.Admin;
using SoCMate.Admin.Models;
using SoCMate.Public;
using SoCMate.Public.Models;
using Problem = SoCMate.Admin.Models.Problem;
using Status = SoCMate.Admin.ApiClients.GetStatusQueryParameterType;

// A program on the clients of Kiota: it calls every operation and prints what it read. typescript/walk.ts is the same on another client.

var (serviceUrl, usedClientId) = (args[0], args[1]);
var administrator = new BaseBearerTokenAuthenticationProvider(new AdminToken());
var admin = new AdminClient(new HttpClientRequestAdapter(administrator) { BaseUrl = $"{serviceUrl}/api/admin" });
var auth = new PublicClient(new HttpClientRequestAdapter(new AnonymousAuthenticationProvider()) { BaseUrl = serviceUrl });

Task<AccessToken?> RequestToken(string? clientId, string? clientSecret) => auth.Oauth.Token.PostAsync(new TokenRequest
{
    GrantType = "client_credentials",
    ClientId = clientId,
    ClientSecret = clientSecret,
    Scope = "search:read",
});

var created = (await admin.ApiClients.PostAsync(new NewClient { Name = "Generated", Scopes = ["search:read"] }))!;
var client = admin.ApiClients[created.ClientId];
var shown = (await client.GetAsync())!;
var used = (await admin.ApiClients[usedClientId].GetAsync())!;
var list = (await admin.ApiClients.GetAsync(request =>
{
    request.QueryParameters.Search = created.ClientId;
    request.QueryParameters.StatusAsGetStatusQueryParameterType = Status.Active;
}))!;
var everything = (await admin.ApiClients.GetAsync())!;
var token = (await RequestToken(created.ClientId, created.ClientSecret))!;
var regenerated = (await client.RegenerateSecret.PostAsync())!;
var disabled = (await client.DeleteAsync())!;
var jwks = (await auth.WellKnown.JwksJson.GetAsync())!;
var metadata = (await auth.WellKnown.OauthAuthorizationServer.GetAsync())!;
var openid = (await auth.WellKnown.OpenidConfiguration.GetAsync())!;
var health = (await auth.Health.GetAsync())!;

var invalid = await Refusal<Problem>(() => admin.ApiClients.PostAsync(new NewClient { Name = "", Scopes = [] }));
var unknown = await Refusal<Problem>(() => admin.ApiClients["socmate-nobody-abc123"].GetAsync());
var conflict = await Refusal<Problem>(() => client.RegenerateSecret.PostAsync());
var refused = await Refusal<OAuthError>(() => RequestToken(created.ClientId, regenerated.ClientSecret));

Console.Write(JsonSerializer.Serialize(new
{
    createApiClient = new object?[] { created.Name, created.Scopes, created.TokenEndpoint },
    getApiClient = new object?[] { shown.Status, shown.Description, Time(shown.CreatedAt), Time(shown.LastUsedAt), Time(used.LastUsedAt) },
    listApiClients = new object?[] { list.Total, list.Clients!.Select(listed => listed.Name), everything.Total > 1 },
    requestAccessToken = new object?[] { token.TokenType, token.ExpiresIn, token.Scope },
    regenerateApiClientSecret = regenerated.ClientSecret != created.ClientSecret,
    disableApiClient = disabled.Status,
    getJsonWebKeySet = jwks.Keys!.Select(key => key.Alg),
    getAuthorizationServerMetadata = metadata.TokenEndpoint,
    getOpenIdConfiguration = openid.JwksUri,
    getHealth = new object?[] { health.Status, health.SigningVaults!.Select(vault => new object?[] { Time(vault.Active?.Since), vault.Next }) },
    refusals = new object?[]
    {
        new object?[] { invalid.ResponseStatusCode, invalid.Message, invalid.Errors!.Select(fault => fault.Field) },
        new object?[] { unknown.ResponseStatusCode, unknown.Message },
        new object?[] { conflict.ResponseStatusCode, conflict.Message },
        new object?[] { refused.ResponseStatusCode, refused.Error, refused.Message },
    },
}));

static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ");

static async Task<TError> Refusal<TError>(Func<Task> call) where TError : Exception
{
    try
    {
        await call();
    }
    catch (TError error)
    {
        return error;
    }
    throw new InvalidOperationException("The call was not refused.");
}

/// <summary>The token of the administrator, for every host.</summary>
sealed class AdminToken : IAccessTokenProvider
{
    public AllowedHostsValidator AllowedHostsValidator { get; } = new();

    public Task<string> GetAuthorizationTokenAsync(Uri uri, Dictionary<string, object>? context, CancellationToken cancellation) =>
        Task.FromResult(Environment.GetEnvironmentVariable("ADMIN_TOKEN")!);
}
