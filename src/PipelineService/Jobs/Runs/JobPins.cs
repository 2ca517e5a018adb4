using System.Text.Json;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Datasets;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Models;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Which versions of other datasets a job looks up, and which of models score its records: decided once, by its first attempt, and written to its row. Every attempt reads it
/// there, so that all rows of a job come of the same versions whatever is loaded meanwhile.
/// </summary>
public sealed class JobPins(Database database)
{
    /// <summary>Nobody else decides, and none of another attempt's.</summary>
    private const string Write = """
        UPDATE pipeline.jobs SET pins = @pins::jsonb, revision = revision + 1 WHERE id = @id AND epoch = @epoch AND pins IS NULL
        """;

    private const string Find = "SELECT pins FROM pipeline.jobs WHERE id = @id";

    /// <summary>What the row says; null where it says nothing.</summary>
    public static PinnedVersions? Read(string? pins) => PinnedVersions.Read(pins);

    /// <summary>The versions that a job looks up, and those of the models that score its records.</summary>
    /// <exception cref="JobFaultException">A dataset has no rows that could be looked up, and none are on their way.</exception>
    /// <exception cref="LookupAwaitedException">Its first rows are on their way.</exception>
    public async Task<PinnedVersions> OfAsync(LiveJob live, RowPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Lookups.IsEmpty && plan.Scores.IsEmpty)
        {
            return PinnedVersions.None;
        }

        if (live.Current.Pins is null)
        {
            string[] datasets = [.. plan.Lookups.Select(use => use.Dataset).Distinct().Order(StringComparer.Ordinal)];
            string[] models = [.. plan.Scores.Select(use => use.Model).Distinct().Order(StringComparer.Ordinal)];
            JobRow job = live.Current;
            string pins = await database.RunPatientlyAsync(
                (connection, token) => PinAsync(connection, job, datasets, models, token), cancellationToken);
            live.Change(row => row with { Pins = pins });
            FaultPoints.Reach(FaultPoint.LookupsPinned);
        }

        return Read(live.Current.Pins)!;
    }

    /// <summary>Run again after a fault whose outcome is unknown, it reads what it has written.</summary>
    private static async Task<string> PinAsync(
        NpgsqlConnection connection, JobRow job, string[] datasets, string[] models, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<string?>(Command(Find, new { job.Id })) is { } before)
        {
            return before;
        }

        Dictionary<string, object> found = [];
        foreach (string dataset in datasets)
        {
            found.Add(dataset, await FindCurrentAsync(dataset));
        }

        foreach (string model in models)
        {
            (string name, int? version) = ScoreOp.Split(model);
            found.Add(
                ModelPins.KeyOf(model),
                await ModelStore.HoldAsync(connection, name, version, cancellationToken)
                    ?? throw new JobFaultException(ModelProblems.Missing(model)));
        }

        string pins = JsonSerializer.Serialize(found, PipelineJson.Options);
        if (await connection.ExecuteAsync(Command(Write, new { job.Id, job.Epoch, pins })) == 0)
        {
            throw new JobTakenOverException($"Another attempt has taken over job {job.Id}.");
        }

        await transaction.CommitAsync(cancellationToken);
        return pins;

        async Task<Guid> FindCurrentAsync(string dataset)
        {
            if (await connection.ExecuteScalarAsync<Guid?>(Command(LookupSql.FindCurrent, new { dataset })) is { } current
                && await connection.ExecuteScalarAsync<int?>(Command(LookupSql.FindVersion, new { dataset, job = current })) is not null)
            {
                return current;
            }

            throw await connection.ExecuteScalarAsync<bool>(Command(LookupSql.IsAwaited, new { dataset }))
                ? new LookupAwaitedException($"The first rows of dataset {dataset}, which is looked up, are on their way.")
                : new JobFaultException(DatasetProblems.LookupNotLoaded(dataset));
        }

        CommandDefinition Command(string sql, object values) => new(sql, values, transaction, cancellationToken: cancellationToken);
    }
}

/// <summary>A dataset that is looked up has no rows yet, but they are on their way.</summary>
public sealed class LookupAwaitedException(string message) : Exception(message);
