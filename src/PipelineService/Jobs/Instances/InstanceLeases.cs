using System.Reflection;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;

namespace PipelineService.Jobs.Instances;

/// <summary>A job that is said to be run, as its row says.</summary>
public sealed record OwnedJob(Guid Id, long Epoch, Guid Owner);

/// <summary>What has become of a job that an instance runs.</summary>
/// <param name="IsToEnd">Somebody has asked for its end while it could still be had.</param>
public sealed record JobGlance(Guid Id, Guid? Owner, long Epoch, bool IsFinal, bool IsToEnd);

/// <summary>
/// The rows of running instances, each with the lease that covers all jobs of one. While it is renewed, nobody else takes them
/// up.
/// </summary>
public sealed class InstanceLeases(Database database, Instance instance, ISpool spool, IOptions<JobsOptions> options)
{
    private static readonly string Version =
        typeof(InstanceLeases).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private readonly GrowthSignal _others = new();
    private volatile bool _hasOthers;

    /// <summary>Whether other instances ran on this database when the lease was renewed last.</summary>
    public bool HasOthers => _hasOthers;

    /// <summary>Completes when <see cref="HasOthers"/> changes. Take it before looking.</summary>
    public Task OthersChange => _others.Next;

    /// <summary>The first lease, before any job is run here.</summary>
    public async Task BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        KnowOthers(await connection.QuerySingleAsync<bool>(RenewCommand(cancellationToken)));

    public async Task RenewAsync(CancellationToken cancellationToken) => KnowOthers(await database.RunAsync(
        (connection, token) => connection.QuerySingleAsync<bool>(RenewCommand(token)), cancellationToken));

    /// <summary>The leases of instances that are known to be dead, or that stop, are over at once.</summary>
    public Task EndAsync(Guid[] ids, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(InstanceSql.End, new { ids, spool = spool.Id }, token)),
        cancellationToken);

    /// <summary>Instances that have ended need no row once others have taken up what they had.</summary>
    public Task ForgetEndedAsync(CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(new CommandDefinition(InstanceSql.ForgetEnded, cancellationToken: token)),
        cancellationToken);

    /// <summary>Jobs that are said to be run here, and those that are said to be run by an instance that has no row.</summary>
    public Task<IReadOnlyList<OwnedJob>> FindUnfollowedAsync(CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<OwnedJob>)[.. await connection.QueryAsync<OwnedJob>(JobSql.Command(
            InstanceSql.FindUnfollowed, new { spool = spool.Id, owner = instance.Id }, token))],
        cancellationToken);

    /// <summary>Lets others take a job up that nobody runs.</summary>
    public Task LetGoAsync(OwnedJob job, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(InstanceSql.LetGo, job, token)), cancellationToken);

    /// <summary>What has become of those of these jobs that have a row.</summary>
    public Task<Dictionary<Guid, JobGlance>> LookAsync(Guid[] ids, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
            (await connection.QueryAsync<JobGlance>(JobSql.Command(InstanceSql.Look, new { ids }, token)))
            .ToDictionary(job => job.Id),
        cancellationToken);

    /// <summary>Writes how far jobs are that this instance runs.</summary>
    public Task TellAsync(IReadOnlyCollection<JobRow> jobs, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(
            InstanceSql.Tell,
            new
            {
                Ids = jobs.Select(job => job.Id).ToArray(),
                Epochs = jobs.Select(job => job.Epoch).ToArray(),
                WaitingFor = jobs.Select(job => job.WaitingFor).ToArray(),
                Read = jobs.Select(job => job.RecordsRead).ToArray(),
                Loaded = jobs.Select(job => job.RecordsLoaded).ToArray(),
                Rejected = jobs.Select(job => job.RecordsRejected).ToArray(),
                Filtered = jobs.Select(job => job.RecordsFiltered).ToArray(),
                Rejects = jobs.Select(job => job.Rejects).ToArray(),
                Ops = jobs.Select(job => job.Ops).ToArray(),
                Ratios = jobs.Select(job => job.ProgressRatio).ToArray(),
                Rates = jobs.Select(job => job.RecordsPerSecond).ToArray(),
                Bytes = jobs.Select(job => job.UploadBytes).ToArray(),
                owner = instance.Id,
            },
            token)),
        cancellationToken);

    /// <summary>Takes away what is still told of those of these jobs that have ended.</summary>
    public Task ForgetProgressAsync(Guid[] ids, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(InstanceSql.ForgetProgress, new { ids }, token)), cancellationToken);

    private void KnowOthers(bool areThere)
    {
        if (_hasOthers != areThere)
        {
            _hasOthers = areThere;
            _others.Set();
        }
    }

    private CommandDefinition RenewCommand(CancellationToken cancellationToken) => JobSql.Command(
        InstanceSql.Renew,
        new
        {
            id = instance.Id,
            spool = spool.Id,
            host = Environment.MachineName,
            version = Version,
            lease = options.Value.LeaseTime,
        },
        cancellationToken);
}
