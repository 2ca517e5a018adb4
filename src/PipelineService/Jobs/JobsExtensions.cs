using Microsoft.Extensions.Options;
using PipelineService.Hosting;

namespace PipelineService.Jobs;

/// <summary>Registers stage 2.</summary>
public static class JobsExtensions
{
    public static WebApplicationBuilder AddJobs(this WebApplicationBuilder builder)
    {
        Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;
        builder.Services.AddStageOptions<JobsOptions, JobsOptionsValidator>("Jobs");
        builder.Services.AddSingleton<Instance>();
        builder.Services.AddSingleton<JobStore>();
        builder.Services.AddSingleton<LiveJobs>();
        builder.Services.AddSingleton(services => new JobWatch(
            services.GetRequiredService<JobStore>().FindAllAsync,
            services.GetRequiredService<IOptions<JobsOptions>>().Value.PollInterval,
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<JobQueries>();
        builder.Services.AddSingleton<DeadLetterStore>();
        builder.Services.AddSingleton<JobCanceller>();
        builder.Services.AddSingleton<JobReverter>();
        builder.Services.AddSingleton<JobHeartbeat>();
        builder.Services.AddSingleton<JobLoader>();
        builder.Services.AddSingleton<UploadTakeBack>();
        builder.Services.AddSingleton<JobEnd>();
        builder.Services.AddSingleton<JobRunner>();
        builder.Services.AddSingleton<SpoolRecovery>();
        builder.Services.AddSingleton<JobDispatcher>();
        builder.Services.AddHostedService<JobCleaner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<JobDispatcher>());
        builder.Services.AddHostedService<RecoveryLoop>();
        return builder;
    }
}
