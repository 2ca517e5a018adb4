using PipelineService.Hosting.Health;
using PipelineService.Hosting.Migrations;

namespace PipelineService.Hosting.Postgres;

/// <summary>Registers the database: the driver's pool, the pipelines around it, and what is done with it at the start.</summary>
internal static class DatabaseExtensions
{
    public static IServiceCollection AddDatabase(this IServiceCollection services)
    {
        services.AddDatabaseAccess();
        services.AddSingleton(Migration.All);
        services.AddSingleton<Migrator>();
        services.AddSingleton<DatabasePreparation>(provider => provider.GetRequiredService<Migrator>().MigrateAsync);
        services.AddSingleton<DatabasePreparation>(provider => provider.GetRequiredService<Database>().Identity.LearnAsync);
        services.AddHostedService<DatabaseStartup>();
        services.AddHealthChecks()
            .AddCheck<DatabaseHealthCheck>("database")
            .AddCheck<CircuitHealthCheck>("breaker");
        return services;
    }

    /// <summary>Without a start: whoever takes it attaches a pool.</summary>
    internal static IServiceCollection AddDatabaseAccess(this IServiceCollection services)
    {
        services.AddDatabaseResilience();
        services.AddSingleton<Database>();
        services.AddSingleton(provider => provider.GetRequiredService<Database>().Readiness);
        services.AddSingleton<DatabasePool>();
        services.AddNpgsqlDataSource("", static (provider, pool) => provider.GetRequiredService<DatabasePool>().Configure(pool));
        return services;
    }
}
