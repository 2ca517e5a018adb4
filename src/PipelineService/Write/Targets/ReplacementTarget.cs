using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Targets;

/// <summary>A job whose rows go.</summary>
/// <param name="IsPersonal">Whether its rows may hold personal data, by the definition that they were loaded under.</param>
/// <param name="RemoveAsync">Removes them in an open transaction, and tells how many.</param>
public sealed record ReplacedJob(Guid Id, bool IsPersonal, Func<NpgsqlConnection, CancellationToken, Task<long>> RemoveAsync);

/// <summary>
/// Rows take the place of those of another job, which are removed in the transaction that loads them and ends both jobs:
/// whoever reads sees the old ones or the new ones, never neither, never both; and whatever ends the attempt leaves the old
/// ones.
/// </summary>
/// <param name="replaced">The job that is replaced.</param>
/// <param name="replacement">The job that takes its place.</param>
public sealed class ReplacementTarget(
    DatasetDefinition definition, ReplacedJob replaced, Guid replacement) : AppendTarget(definition)
{
    private readonly bool _isPersonal = replaced.IsPersonal || definition.HasPersonalData;
    private long _removed;

    /// <inheritdoc/>
    public override CommitPolicy Commit => CommitPolicy.Job;

    /// <inheritdoc/>
    public override bool TakesJobsTogether => false;

    /// <inheritdoc/>
    public override IReadOnlyList<NpgsqlBatchCommand> FinishStatements =>
    [
        new(WriteSql.EndReplacement)
        {
            Parameters = { new() { Value = replaced.Id }, new() { Value = replacement }, new() { Value = _removed } },
        },
    ];

    /// <inheritdoc/>
    public override int SessionsMax(TableShape? table) => 1;

    /// <summary>Removes the old rows first: their keys are free for the new ones.</summary>
    /// <inheritdoc/>
    public override Task PrepareAsync(JobLoad load, Database database, CancellationToken cancellationToken) =>
        load.Sessions.PrepareAsync(database, RemoveAsync, cancellationToken);

    private async Task RemoveAsync(WriteSession session, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.ReplacedRowsRemoving);
        try
        {
            _removed = await session.DoUnhurriedAsync(replaced.RemoveAsync, cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            throw new JobFaultException(TargetProblems.NotReplaced(replaced.Id, RefusalText.Statement(e, _isPersonal)));
        }

        FaultPoints.Reach(FaultPoint.ReplacedRowsRemoved);
    }
}
