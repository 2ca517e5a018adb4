using Microsoft.AspNetCore.RateLimiting;
using PipelineService.Hosting.Startup;

namespace PipelineService.Access.Limits;

/// <summary>How much each may send.</summary>
internal static class LimitsExtensions
{
    public static WebApplicationBuilder AddLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<LimitsOptions>(LimitsOptions.Section);
        builder.Services.AddSingleton<CallLimiter>();
        builder.Services.AddRateLimiter(static _ => { });
        builder.Services.AddOptions<RateLimiterOptions>().Configure<CallLimiter>(static (options, limiter) =>
        {
            options.GlobalLimiter = limiter;
            options.OnRejected = static (rejected, _) =>
                new ValueTask(((CallLimiter.Lease)rejected.Lease).Problem!.ToResult().ExecuteAsync(rejected.HttpContext));
        });
        return builder;
    }
}
