using Microsoft.Extensions.Options;
using PipelineService.Intake;
using PipelineService.Sources.Queues;

namespace PipelineService.Sources;

/// <summary>Begins what is done for sources, by their kinds.</summary>
internal sealed class SourceWorks(
    SourcePlaces places, ObjectTaker taker, MessageLogs logs, SourceIntake intake, SourceLedger ledger, SourceMetrics metrics,
    IOptions<IntakeOptions> intakeOptions, TimeProvider time, ILogger<QueueWork> logger)
{
    public ISourceWork Begin(SourceRow row) => row.Kind == SourceKinds.Queue
        ? new QueueWork(SourcePlaces.QueueOf(row)!, logs, intake, ledger, metrics, intakeOptions.Value.BodyBytesMax, time, logger)
        : new ObjectWork(places, taker, time);
}
