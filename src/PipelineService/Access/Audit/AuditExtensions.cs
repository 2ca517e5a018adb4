using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Access.Audit;

/// <summary>Registers the audit.</summary>
public static class AuditExtensions
{
    /// <summary>After the database: the entry of the start is written when its schema is there.</summary>
    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<AuditWriter>();
        services.AddSingleton<AuditStore>();
        services.AddSingleton<AuditHeads>();
        services.AddSingleton<AuditLinker>();
        services.AddSingleton<AuditRefusals>();
        services.AddSingleton(provider => new AuditChain(
            provider.GetRequiredService<AuditLinker>(),
            provider.GetRequiredService<PipelineMetrics>(),
            provider.GetRequiredService<DatabaseReadiness>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<AuditChain>>()));
        services.AddSingleton<AuditStart>();
        services.AddSingleton<DatabasePreparation>(provider => provider.GetRequiredService<AuditStart>().WriteAsync);
        services.AddHostedService(provider => provider.GetRequiredService<AuditChain>());
        services.AddHostedService(provider => provider.GetRequiredService<AuditRefusals>());
        services.AddHostedService<AuditHeadLog>();
        services.AddHealthChecks().AddCheck<AuditHealthCheck>("audit");
        return services;
    }

    /// <summary>Behind what answers errors, before what may refuse: refusals are seen here on their way out.</summary>
    public static WebApplication UseAudit(this WebApplication app)
    {
        app.UseMiddleware<RefusedRequests>();
        return app;
    }
}
