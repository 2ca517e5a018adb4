using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Gaps;
using PipelineService.Jobs.Instances;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Jobs.Tenants;
using PipelineService.Jobs.Traces;

namespace PipelineService.Jobs;

/// <summary>Registers stage 2.</summary>
public static class JobsExtensions
{
    public static WebApplicationBuilder AddJobs(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<JobsOptions>("Jobs");
        builder.Services.AddSingleton<Instance>();
        builder.Services.AddSingleton<JobStore>();
        builder.Services.AddSingleton<JobRegistrar>();
        builder.Services.AddSingleton<JobLeases>();
        builder.Services.AddSingleton<InstanceLeases>();
        builder.Services.AddSingleton<DatabasePreparation>(services => services.GetRequiredService<InstanceLeases>().BeginAsync);
        builder.Services.AddSingleton<JobQueue>();
        builder.Services.AddSingleton<WaitingBytes>();
        builder.Services.AddSingleton<TenantQueries>();
        builder.Services.AddSingleton<JobEndings>();
        builder.Services.AddSingleton<JobCheckpoints>();
        builder.Services.AddSingleton<LiveJobs>();
        builder.Services.AddSingleton(services => new JobWatch(
            services.GetRequiredService<JobStore>().FindAllAsync,
            services.GetRequiredService<IOptions<JobsOptions>>().Value.PollInterval,
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<JobQueries>();
        builder.Services.AddSingleton<DeadLetterStore>();
        builder.Services.AddSingleton<TraceStore>();
        builder.Services.AddSingleton<TracedUploads>();
        builder.Services.AddSingleton<TracedRows>();
        builder.Services.AddSingleton<RecordDerivation>();
        builder.Services.AddSingleton<RecordTracer>();
        builder.Services.AddSingleton<JobCanceller>();
        builder.Services.AddSingleton<JobReverter>();
        builder.Services.AddSingleton<ReplacementCheck>();
        builder.Services.AddSingleton<JobRerun>();
        builder.Services.AddSingleton<JobDeleter>();
        builder.Services.AddSingleton<InstanceBeat>();
        builder.Services.AddSingleton<JobNews>();
        builder.Services.AddSingleton<JobTargets>();
        builder.Services.AddSingleton<JobPins>();
        builder.Services.AddSingleton<JobConversions>();
        builder.Services.AddHostedService<ConversionCleaner>();
        builder.Services.AddSingleton<LookupCleaner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<LookupCleaner>());
        builder.Services.AddSingleton<GapStore>();
        builder.Services.AddSingleton<GapRows>();
        builder.Services.AddSingleton<GapFiller>();
        builder.Services.AddHostedService(services => services.GetRequiredService<GapFiller>());
        builder.Services.AddSingleton<QualityGate>();
        builder.Services.AddSingleton<ProfileStore>();
        builder.Services.AddSingleton<JobDecisions>();
        builder.Services.AddSingleton<ApprovalExpiry>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ApprovalExpiry>());
        builder.Services.AddSingleton<JobLoader>();
        builder.Services.AddSingleton<UploadTakeBack>();
        builder.Services.AddSingleton<EndedUploads>();
        builder.Services.AddSingleton<UploadRelease>();
        builder.Services.AddSingleton<KeptUploads>();
        builder.Services.AddSingleton<UploadCleaner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<UploadCleaner>());
        builder.Services.AddSingleton<JobEndReport>();
        builder.Services.AddSingleton<JobEnd>();
        builder.Services.AddSingleton<JobFlow>();
        builder.Services.AddSingleton<AttemptJudge>();
        builder.Services.AddSingleton<JobWaits>();
        builder.Services.AddSingleton<JobAttempts>();
        builder.Services.AddSingleton<JobRunner>();
        builder.Services.AddSingleton<StoppedSessions>();
        builder.Services.AddSingleton<SessionTurns>();
        builder.Services.AddSingleton<SmallJobLoader>();
        builder.Services.AddSingleton<SmallJobs>();
        builder.Services.AddSingleton<JobStarter>();
        builder.Services.AddSingleton<SuspectJob>();
        builder.Services.AddSingleton<ClaimedJobs>();
        builder.Services.AddSingleton<UnloadableUploads>();
        builder.Services.AddSingleton<SpoolRecovery>();
        builder.Services.AddSingleton<JobRescuer>();
        builder.Services.AddSingleton<JobClaimer>();
        builder.Services.AddSingleton<JobCleaner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<InstanceBeat>()); // stops when all jobs have
        builder.Services.AddHostedService(services => services.GetRequiredService<JobNews>());
        builder.Services.AddHostedService<JobNewsListener>();
        builder.Services.AddHostedService(services => services.GetRequiredService<JobCleaner>());
        builder.Services.AddHostedService<JobCensus>();
        builder.Services.AddHostedService(services => services.GetRequiredService<JobClaimer>());
        builder.Services.AddHostedService<RecoveryLoop>();
        builder.Services.AddHealthChecks().AddCheck<JobsHealthCheck>("jobs");
        return builder;
    }
}
