using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Health;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting;

/// <summary>Stage 0: what every stage stands on.</summary>
public static class HostingExtensions
{
    /// <summary>
    /// What a connection reads ahead of the spool. The server's default of 1 MiB would be 256 MiB when as many uploads as are
    /// allowed come faster than the disk takes them.
    /// </summary>
    private const int ReadAheadBytes = 128 << 10;

    /// <summary>What a body of unannounced length has decoded ahead, in addition to that.</summary>
    private const int ChunkedReadAheadBytes = 64 << 10;

    public static WebApplicationBuilder AddHosting(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageValidators();
        builder.Services.AddStageOptions<HostingOptions>(HostingOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, MisspeltSections>();
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, DatabaseChoice>();
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, LogLevels>();

        // For what is made together with the host. If these are wrong, the host still gets built, and its start says so.
        HostingOptions early = StageOptions.Read<HostingOptions>(builder.Configuration, HostingOptions.Section);
        builder.AddPipelineTelemetry(early);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = early.ShutdownTimeout);

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ServiceLifetime>();
        builder.Services.AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<ServiceLifetime>());
        builder.Services.AddDatabase();
        builder.Services.AddHealthChecks().AddCheck<StopHealthCheck>("stop");
        builder.AddWeb(early);
        return builder;
    }

    public static WebApplication UseHosting(this WebApplication app)
    {
        app.Use(app.Services.GetRequiredService<ClientConnections>().ServeAsync);
        app.UseMiddleware<AnswerHeaders>();
        app.UseRequestLine();
        app.UseMiddleware<ErrorAnswers>();
        app.Services.GetRequiredService<UnreadableRequests>().Watch();
        app.UseMiddleware<RequestFraming>();
        return app;
    }

    /// <summary>What is checked of every request once it is known that somebody may send it.</summary>
    public static WebApplication UseRequestChecks(this WebApplication app)
    {
        app.UseMiddleware<RequestText>();
        app.UseMiddleware<OptionsRequests>();
        app.UseMiddleware<QueryParameters>();
        app.UseMiddleware<Acceptability>();
        return app;
    }

    public static IEndpointRouteBuilder MapHosting(this IEndpointRouteBuilder routes)
    {
        routes.MapEntry();
        routes.MapHealth();
        return routes;
    }

    private static void AddWeb(this WebApplicationBuilder builder, HostingOptions early)
    {
        if (ListenAddresses.Configured(builder.Configuration).Count == 0)
        {
            builder.WebHost.UseUrls(ListenAddresses.Default);
        }

        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, ListenAddresses>();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBufferSize = ChunkedReadAheadBytes;
            kestrel.Limits.RequestHeadersTimeout = Positive(early.RequestHeadTimeout);
            kestrel.Limits.KeepAliveTimeout = Positive(early.KeepAliveTimeout);
        });
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.MaxReadBufferSize = ReadAheadBytes);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ConnectionBlocks.Factory>(); // before the server adds its own
        builder.Services.AddSingleton<ClientConnections>();
        builder.Services.AddSingleton<StalledReaders>();
        builder.Services.AddSingleton<UnreadableRequests>();
        builder.Services.AddSingleton<AddressAdvice>();
        builder.Services.AddOptions<KestrelServerOptions>().Configure<ClientConnections, StalledReaders>(
            static (kestrel, connections, readers) => kestrel.ConfigureEndpointDefaults(endpoint => endpoint
                .Use(next => connection => connections.HoldAsync(connection, next))
                .Use(next => connection => readers.WatchAsync(connection, next))));
        builder.Services.ConfigureHttpJsonOptions(json => PipelineJson.Configure(json.SerializerOptions));

        // Faults of binding become exceptions, which say what was wrong, instead of a bare 400.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);

        // The server takes no others, and has them before the validator has said so.
        static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.MaxValue;
    }
}
