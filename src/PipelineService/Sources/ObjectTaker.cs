using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Intake;

namespace PipelineService.Sources;

/// <summary>What a look has come to.</summary>
/// <param name="Next">How long nobody needs to look.</param>
internal readonly record struct LookResult(SourceLag Lag, int Taken, int Refused, TimeSpan Next);

/// <summary>
/// Takes what lies at a place: 1. puts away what was taken before, and what an earlier process did not get to; 2. looks what is there; 3.
/// takes what has settled, the oldest first; 4. puts that away. It may end between any two steps, and take up where it was: what was taken
/// is known by the transaction that registered it.
/// </summary>
internal sealed partial class ObjectTaker(SourceLedger ledger, SourceIntake intake, SourceMetrics metrics, ILogger<ObjectTaker> logger)
{
    private static readonly TimeSpan SettlePauseMin = TimeSpan.FromMilliseconds(50);

    private enum Outcome
    {
        Taken,
        Refused,

        /// <summary>It is gone, has changed, or somebody else has taken it.</summary>
        Passed,
    }

    /// <exception cref="SourceFaultException">The place cannot be looked at, or nothing can be taken now.</exception>
    /// <exception cref="Hosting.Postgres.DatabaseUnavailableException">It cannot be told what was taken.</exception>
    public async Task<LookResult> LookAsync(
        SourceRow source, IObjectPlace place, SettledObjects settled, CancellationToken cancellationToken)
    {
        // 1. First: what cannot be put away must not grow without end.
        await PutAwayAsync(source, place, cancellationToken);

        // 2.
        ObjectLook look = await ObjectLook.AtAsync(
            place, names => ledger.FindKnownAsync(source.Id, names, cancellationToken), cancellationToken);
        SourceLag lag = look.Lag;
        await ledger.TellAsync(source.Id, lag, cancellationToken);
        metrics.Saw(source.Name, lag);

        // 3.
        settled.Begin();
        (int taken, int refused, bool isUnsettled) = (0, 0, false);
        foreach (FoundObject found in look.InOrder())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!settled.IsSettled(found, place.Settle))
            {
                isUnsettled = true;
                continue;
            }

            Outcome outcome = await TakeAsync(source, place, found, cancellationToken);
            lag = lag.Without(found);
            metrics.Saw(source.Name, lag);
            taken += outcome == Outcome.Taken ? 1 : 0;
            refused += outcome == Outcome.Refused ? 1 : 0;
        }

        // 4.
        if (taken + refused > 0)
        {
            await PutAwayAsync(source, place, cancellationToken);
            await ledger.TellAsync(source.Id, lag, cancellationToken);
        }

        TimeSpan next = look.IsMore && taken + refused > 0 ? TimeSpan.Zero
            : isUnsettled ? Max(SettlePauseMin, Min(place.Settle, place.Interval))
            : place.Interval;
        return new LookResult(lag, taken, refused, next);
    }

    private async Task PutAwayAsync(SourceRow source, IObjectPlace place, CancellationToken cancellationToken)
    {
        long last = 0;
        while (await ledger.FindToPutAwayAsync(source.Id, last, ObjectLook.PageMax, cancellationToken) is { Count: > 0 } page)
        {
            foreach (TakenObject taken in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                FaultPoints.Reach(FaultPoint.SourcePutting);
                await place.PutAwayAsync(taken, cancellationToken);
                FaultPoints.Reach(FaultPoint.SourcePut);
                await ledger.MarkPutAwayAsync(source.Id, taken.Number, cancellationToken);
                last = taken.Number;
            }
        }
    }

    private async Task<Outcome> TakeAsync(SourceRow source, IObjectPlace place, FoundObject found, CancellationToken cancellationToken)
    {
        SourceTarget target = await intake.TargetOfAsync(source, cancellationToken);
        FaultPoints.Reach(FaultPoint.SourceReading);
        await using ObjectStream? content = await place.OpenAsync(found, cancellationToken);
        if (content is null)
        {
            return Outcome.Passed;
        }

        FoundUpload upload = new(
            found.Name, found.Bytes, source.ContentType, source.Label, new TakenFrom(source.Id, found.Name, found.Version));
        SourceAdmission admission = await intake.TakeAsync(source, target, upload, content, cancellationToken);
        if (admission.Job is { } job)
        {
            FaultPoints.Reach(FaultPoint.SourceTaken);
            metrics.Took(source.Name, found.Bytes);
            Log.Taken(logger, source.Name, found.Name, job.Id);
            return Outcome.Taken;
        }

        if (admission.Refusal is not { } refusal || content.HasChanged)
        {
            return Outcome.Passed; // it is looked at again, as what it is then
        }

        if (content.Fault is { } fault)
        {
            throw new SourceFaultException($"\"{found.Name}\" cannot be read: {fault.Message}", fault);
        }

        if (!admission.IsForGood)
        {
            throw admission.ToFault();
        }

        FaultPoints.Reach(FaultPoint.SourceRefusing);
        await ledger.RefuseAsync(source.Id, found, refusal, cancellationToken);
        metrics.Refused(source.Name);
        Log.Refused(logger, source.Name, found.Name, refusal.Code);
        return Outcome.Refused;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Source {SourceName} has taken {ObjectName} as job {JobId}.")]
        public static partial void Taken(ILogger logger, string sourceName, string objectName, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Source {SourceName} cannot take {ObjectName}: {Code}. The objects of the source say why.")]
        public static partial void Refused(ILogger logger, string sourceName, string objectName, string code);
    }
}
