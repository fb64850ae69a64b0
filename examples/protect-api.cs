// The check of access tokens in an ASP.NET Core API (RFC 9068 §4, RFC 6750 §3), for Program.cs of a web project:
// dotnet add package Microsoft.AspNetCore.Authentication.JwtBearer

using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

string[] scopes = ["investigations:read", "investigations:write", "incidents:read", "search:read", "graph:read"];

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddAuthentication().AddJwtBearer(options =>
{
    options.Authority = builder.Configuration["TokenIssuer"];
    options.Audience = builder.Configuration["TokenAudience"];
    options.MapInboundClaims = false; // The claims keep their names.
    options.TokenValidationParameters.ValidTypes = ["at+jwt"];
    options.TokenValidationParameters.ValidAlgorithms = ["RS256"];
    options.Events = new JwtBearerEvents
    {
        // Throws where there are no keys: that is an error of ours, and not a 401.
        OnAuthenticationFailed = context => context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted),
        OnForbidden = context =>
        {
            var scope = context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>()?.Policy;
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{scope}\"";
            return Task.CompletedTask;
        },
    };
});

// A policy for each scope. The claim is one string with the scopes of the token, separated by spaces (RFC 8693 §4.2).
builder.Services.AddAuthorization(options =>
{
    foreach (var scope in scopes)
    {
        options.AddPolicy(scope, policy => policy.RequireAssertion(context =>
            context.User.FindFirst("scope")?.Value.Split(' ').Contains(scope) == true));
    }
});

var app = builder.Build();

app.MapGet("/api/v1/search", (HttpContext context) => context.User.FindFirst("client_id")!.Value)
    .RequireAuthorization("search:read");

app.Run();
