using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using PipelineService.Access.Keys;
using PipelineService.Access.Limits;
using PipelineService.Access.OpenApi;
using PipelineService.Access.Tenants;
using PipelineService.Access.Tokens;
using PipelineService.Hosting;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Access;

/// <summary>The gate: who may do what.</summary>
public static class AccessExtensions
{
    public static WebApplicationBuilder AddAccess(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<AccessOptions>(AccessOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, OpenAddresses>();
        builder.AddLimits();
        builder.Services.AddSingleton<AdminKey>();
        builder.Services.AddSingleton<KeyHasher>();
        builder.Services.AddSingleton<KeyStore>();
        builder.Services.AddSingleton<TenantRing>();
        builder.Services.AddSingleton<TenantStore>();
        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddSingleton<DatabasePreparation>(services => services.GetRequiredService<KeyRing>().PrepareAsync);
        builder.Services.AddSingleton(services => new KeyNews(services.GetRequiredService<KeyRing>()));
        builder.Services.AddHostedService<KeyRefresh>();
        builder.Services.AddSingleton<TokenReader>();
        builder.Services.AddSingleton<CallerAgain>();
        builder.Services.Configure<OpenApiOptions>(OpenApiExtensions.DocumentName, document =>
        {
            document.AddDocumentTransformer<SecuritySchemes>();
            document.AddOperationTransformer<OperationSecurity>();
        });
        return builder;
    }

    /// <summary>Behind what gives errors their form, and before anything that looks at what the request wants.</summary>
    public static WebApplication UseAccess(this WebApplication app)
    {
        app.UseMiddleware<AccessGate>();
        app.UseMiddleware<CallLimitGate>(); // whoever is refused at the gate has no limits of their own
        return app;
    }

    public static IEndpointRouteBuilder MapAccess(this IEndpointRouteBuilder api) => api.MapKeys();
}
