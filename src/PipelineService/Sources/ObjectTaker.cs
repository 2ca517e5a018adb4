using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Access.Keys;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;
using PipelineService.Intake;
using PipelineService.Jobs;

namespace PipelineService.Sources;

/// <summary>What a look has come to.</summary>
/// <param name="Next">How long nobody needs to look.</param>
internal readonly record struct LookResult(SourceLag Lag, int Taken, int Refused, TimeSpan Next);

/// <summary>
/// Takes what lies at a place: 1. puts away what was taken before, and what an earlier process did not get to; 2. looks what is there; 3.
/// takes what has settled, the oldest first; 4. puts that away. It may end between any two steps, and take up where it was: what was taken
/// is known by the transaction that registered it.
/// </summary>
internal sealed partial class ObjectTaker(
    SourceLedger ledger, FoundIntake intake, DatasetCatalog datasets, KeyRing keys, SourceMetrics metrics, ILogger<ObjectTaker> logger)
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
        Caller caller = CallerOf(source);
        DatasetVersion dataset = await datasets.FindAsync(source.Dataset, cancellationToken) is { } known && known.Tenant == source.Tenant
            ? known
            : throw new SourceFaultException(
                $"The dataset \"{source.Dataset}\" is not there any more: declare it, or point the source to another.");
        FaultPoints.Reach(FaultPoint.SourceReading);
        await using ObjectStream? content = await place.OpenAsync(found, cancellationToken);
        if (content is null)
        {
            return Outcome.Passed;
        }

        FoundUpload upload = new(
            found.Name, found.Bytes, source.ContentType, source.Label, new TakenFrom(source.Id, found.Name, found.Version));
        AuditActor actor = new($"source/{source.Name}", Address: null);
        try
        {
            JobRow job = await intake.TakeAsync(dataset, upload, caller, actor, content, cancellationToken);
            FaultPoints.Reach(FaultPoint.SourceTaken);
            metrics.Took(source.Name, found.Bytes);
            Log.Taken(logger, source.Name, found.Name, job.Id);
            return Outcome.Taken;
        }
        catch (UploadRefusedException) when (content.HasChanged)
        {
            return Outcome.Passed; // it is looked at again, as what it is then
        }
        catch (UploadRefusedException) when (content.Fault is not null)
        {
            throw new SourceFaultException($"\"{found.Name}\" cannot be read: {content.Fault.Message}", content.Fault);
        }
        catch (UploadRefusedException e) when (IsForGood(e.Problem))
        {
            FaultPoints.Reach(FaultPoint.SourceRefusing);
            await ledger.RefuseAsync(source.Id, found, e.Problem, cancellationToken);
            metrics.Refused(source.Name);
            Log.Refused(logger, source.Name, found.Name, e.Problem.Code);
            return Outcome.Refused;
        }
        catch (UploadRefusedException e) when (e.Problem == UploadProblems.ShuttingDown)
        {
            throw new OperationCanceledException(e.Message, e);
        }
        catch (UploadRefusedException e)
        {
            throw new SourceFaultException($"Nothing can be taken now: {e.Problem.Title} {e.Problem.Detail}", e);
        }
        catch (PostgresException e) when (e.SqlState == JobSql.TakenBefore)
        {
            return Outcome.Passed; // another instance, or the process before this one
        }
    }

    /// <summary>Whether the same bytes would be refused again, whenever they came.</summary>
    private static bool IsForGood(Problem problem) => problem.Status is
        StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType
        or StatusCodes.Status422UnprocessableEntity;

    /// <summary>In whose name it is taken: by their limits, as of now.</summary>
    private Caller CallerOf(SourceRow source)
    {
        Caller? owner = source.OwnerKey is { } key
            ? keys.Find(key)
            : Caller.Anonymous with { Kind = CallerKind.AdminKey, Actor = source.CreatedBy };
        return owner?.Sees(source.Dataset, source.Tenant, source.Label) == true
            ? owner
            : throw new SourceFaultException(
                "The key by which the source was made or changed last lets nobody in any more: send it again by another.");
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
