using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

[assembly: HostingStartup(typeof(TestClock))]

/// <summary>
/// The time by which the libraries keep keys and judge tokens. A request sets it with the header x-test-time; without one it is the
/// real time. TEST_CLOCK_SPEED lets the time by which keys are kept run faster than the real one. Everything else of the API is as
/// examples/protect-api.cs has it, unless a test sets one of the other TEST_ variables.
/// </summary>
sealed class TestClock : TimeProvider, IHostingStartup, IStartupFilter
{
    static readonly DateTimeOffset Start = DateTimeOffset.UtcNow;
    static DateTimeOffset? set;
    readonly double speed = double.Parse(Variable("CLOCK_SPEED") ?? "1");

    public override DateTimeOffset GetUtcNow() => set ?? Start + (DateTimeOffset.UtcNow - Start) * speed;

    public void Configure(IWebHostBuilder builder) => builder.ConfigureServices(services =>
    {
        if (Variable("BLOCKING") == "true") AppContext.SetSwitch("Switch.Microsoft.IdentityModel.UpdateConfigAsBlocking", true);
        services.AddSingleton<IStartupFilter>(this);
        services.PostConfigure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options =>
        {
            // The issuer of a test may be on loopback.
            options.RequireHttpsMetadata = options.Authority?.StartsWith("https:") == true;
            if (Variable("AUTOMATIC_REFRESH") is string interval) options.AutomaticRefreshInterval = TimeSpan.Parse(interval);
        });
    });

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        var monitor = app.ApplicationServices.GetRequiredService<IOptionsMonitor<JwtBearerOptions>>();
        var options = monitor.Get(JwtBearerDefaults.AuthenticationScheme);
        var keys = (ConfigurationManager<OpenIdConnectConfiguration>)options.ConfigurationManager!;
        if (Variable("LAST_KNOWN_GOOD") == "false") keys.UseLastKnownGoodConfiguration = false;
        TimeOf(keys) = this;
        app.Use(async (context, following) =>
        {
            if (context.Request.Headers["x-test-time"] is [string time])
            {
                set = DateTimeOffset.Parse(time);
                options.TokenValidationParameters.LifetimeValidator = (_, expires, _, _) => expires > set.Value.UtcDateTime;
            }
            await following(context);
            // The next request comes minutes later by this clock: what was fetched in the background is there by then.
            while (set != null && Volatile.Read(ref RetrievalOf(keys)) != 0) await Task.Delay(1);
        });
        next(app);
    };

    static string? Variable(string name) => Environment.GetEnvironmentVariable($"TEST_{name}");

    // The library has the first of these members for its own tests; the second is 0 while it fetches nothing.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "TimeProvider")]
    static extern ref TimeProvider TimeOf(ConfigurationManager<OpenIdConnectConfiguration> keys);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_configurationRetrieverState")]
    static extern ref int RetrievalOf(ConfigurationManager<OpenIdConnectConfiguration> keys);
}
