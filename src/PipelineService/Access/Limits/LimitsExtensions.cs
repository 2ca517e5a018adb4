using PipelineService.Hosting.Startup;

namespace PipelineService.Access.Limits;

/// <summary>How much each may send.</summary>
internal static class LimitsExtensions
{
    public static WebApplicationBuilder AddLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<LimitsOptions>(LimitsOptions.Section);
        builder.Services.AddSingleton<CallLimiter>();
        return builder;
    }
}
