using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Quality;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;
using PipelineService.Transform.Enrichment;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>What a failed attempt means for its job.</summary>
/// <param name="Job">Its row, with what it waits for and how its tries went.</param>
/// <param name="End">The reason with which it ends, or null when it is to be tried again.</param>
/// <param name="KeepsSessions">Whether the next attempt begins at once, with the sessions of this one.</param>
/// <param name="Pause">
/// How long until then; null: for as long as its table has to rest, because other jobs would fail the same way.
/// </param>
public readonly record struct Verdict(JobRow Job, Problem? End, TimeSpan? Pause, bool KeepsSessions = false);

/// <summary>
/// Decides whether a job whose attempt failed is tried again. What may pass is waited for; what is the job's own is tried a few
/// times, as long as the tries come no further.
/// </summary>
public sealed class AttemptJudge(IOptions<JobsOptions> options, IOptions<WriteOptions> writeOptions, TimeProvider time)
{
    private const string Database = "database", Spool = "spool", Table = "table", Lookup = "lookup", Conversion = "conversion",
        Enrichment = "enrichment:";

    private readonly JobsOptions _options = options.Value;

    /// <summary>Whether an attempt before has found a service away that the job must ask.</summary>
    public static bool WaitsForService(JobRow job) => job.WaitingFor?.StartsWith(Enrichment, StringComparison.Ordinal) == true;

    /// <param name="job">Its row as it was when the attempt began.</param>
    /// <param name="bytesReached">How many bytes of the upload were written at best, committed or not.</param>
    public Verdict Of(Exception error, JobRow job, long bytesReached)
    {
        if (bytesReached > job.TriedBytes)
        {
            job = job with { Tries = 0, TriedBytes = bytesReached, WaitingSince = null };
        }

        return error switch
        {
            JobFaultException fault => Ends(job, fault.Problem),
            RejectLimitException limit => Ends(job, Faults.RejectLimit(limit)),
            QualityBreachException breach => Ends(job, breach.Problem),
            ChunkTooSlowException slow => Ends(job, TargetProblems.TooSlow(slow)),
            TableHeldException => OfHeldTable(error, job),
            SessionBrokenException => OfUnknown(error, job) with { Pause = TimeSpan.Zero, KeepsSessions = true },
            LookupAwaitedException => new Verdict(job with { WaitingFor = Lookup }, End: null, _options.PollInterval),
            ConversionAwaitedException => new Verdict(job with { WaitingFor = Conversion }, End: null, _options.PollInterval),
            ConversionBrokenException broken => OfBrokenConversion(broken, job),
            EnrichmentAwaitedException away => new Verdict(
                job with { WaitingFor = Enrichment + away.Service }, End: null, away.Pause > _options.PollInterval ? away.Pause : _options.PollInterval),
            SpoolUnavailableException => new Verdict(job with { WaitingFor = Spool }, End: null, _options.LeaseTime),
            _ => SqlFaults.Of(error) switch
            {
                SqlFault.Outage => new Verdict(job with { WaitingFor = Database }, End: null, Pause: null),
                SqlFault.Busy when SqlFaults.IsTimeLimit(error) => OfSlowTable(job),
                SqlFault.Busy => OfHeldTable(error, job),
                SqlFault.Row or SqlFault.Statement when error is PostgresException e => Ends(job, TargetProblems.Refused(e)),
                _ => OfUnknown(error, job),
            },
        };
    }

    private Verdict OfSlowTable(JobRow job)
    {
        job = job with { Tries = job.Tries + 1, WaitingFor = Table };
        return new Verdict(
            job,
            job.Tries < _options.AttemptsMax ? null : Faults.TooSlow(writeOptions.Value.ChunkTimeout, job.Tries),
            Pause: null);
    }

    private Verdict OfHeldTable(Exception error, JobRow job)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        job = job with { WaitingSince = job.WaitingSince ?? now, WaitingFor = Table };
        return new Verdict(
            job,
            now - job.WaitingSince < _options.TableWaitMax ? null : Faults.TableHeld(error.Message, _options.TableWaitMax),
            Pause: null);
    }

    private Verdict OfUnknown(Exception error, JobRow job)
    {
        job = job with { Tries = job.Tries + 1, WaitingFor = null };
        return new Verdict(
            job,
            job.Tries < _options.AttemptsMax ? null : Faults.Internal(error),
            TimeSpan.FromSeconds(Math.Pow(2, job.Tries - 1)));
    }

    /// <summary>A process may have been ended by others, for want of memory say; a file that ends each is at fault.</summary>
    private Verdict OfBrokenConversion(ConversionBrokenException error, JobRow job)
    {
        Verdict verdict = OfUnknown(error, job);
        return verdict.End is null ? verdict : verdict with { End = ConversionProblems.Breaks(error.Message) };
    }

    private static Verdict Ends(JobRow job, Problem reason) => new(job, reason, TimeSpan.Zero);
}
