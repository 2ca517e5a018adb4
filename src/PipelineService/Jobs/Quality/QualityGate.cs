using System.Globalization;
using System.Text.Json;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Core.Profiles;
using PipelineService.Core.Profiles.Quality;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;
using PipelineService.Write;

namespace PipelineService.Jobs.Quality;

/// <summary>
/// Looks at the rows of a job before the first of them is committed: what they are like, and what the rules of the dataset say of that.
/// </summary>
public sealed partial class QualityGate(ILogger<QualityGate> logger)
{
    private const int TextLengthMax = 200;

    /// <param name="load">All of its chunks are written.</param>
    /// <param name="job">Its row.</param>
    /// <param name="connection">Of a session of the load: its transaction sees what is committed.</param>
    /// <returns>What is to be written with its end; null where the dataset asks for nothing.</returns>
    /// <exception cref="QualityBreachException">A rule is broken, and the rows are not to be loaded.</exception>
    public async Task<JobQuality?> JudgeAsync(JobLoad load, JobRow job, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (load.MergeProfiles() is not { } profile)
        {
            return null;
        }

        RecordCounts counts = load.Counts;
        string told = JsonSerializer.Serialize(
            new StoredProfile(ProfileSummary.Of(profile, load.Rejects), counts.Loaded), PipelineJson.Options);
        var figures = JobFigures.Of(profile, counts.Loaded, counts.Read, counts.Rejected);
        string kept = JsonSerializer.Serialize(figures, PipelineJson.Options);
        if (load.Plan.Rows.Definition.Quality is not { } policy)
        {
            return new JobQuality(told, kept, Verdict: null, Counts: true);
        }

        // It has been held, and somebody has approved it: what was said of it then stands.
        if (QualityView.Of(job) is { Decision.Outcome: DecisionView.Approved })
        {
            return new JobQuality(told, kept, Verdict: null, Counts: true);
        }

        QualityVerdict verdict = QualityCheck.Check(policy, figures, await BeforeAsync(policy, job, connection, cancellationToken));
        bool isBroken = verdict.State == RuleState.Breach;
        JobQuality quality = new(told, kept, QualityView.Of(policy, verdict).ToJson(), Counts: !isBroken);
        if (isBroken)
        {
            string what = Words(verdict);
            Log.Broken(logger, job.Id, job.Dataset, what);

            // Part of the rows may be visible already: then the rest must follow.
            if (policy.OnBreach != BreachAction.Warn && !load.Plan.IsRollingForward)
            {
                throw new QualityBreachException(quality, policy.OnBreach, QualityFaults.Breached(what));
            }
        }

        return quality;
    }

    private static async Task<IReadOnlyList<JobFigures>> BeforeAsync(
        QualityPolicy policy, JobRow job, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        short[] days = policy.ByWeekday ? [(short)job.CreatedAt.DayOfWeek] : [.. Enumerable.Range(0, 7).Select(day => (short)day)];
        await using NpgsqlCommand command = new(QualitySql.Before, connection)
        {
            Parameters =
            {
                new() { Value = job.Dataset },
                new() { Value = policy.BySource ? job.Source ?? "" : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
                new() { Value = days },
                new() { Value = policy.Jobs },
                new() { Value = job.Replaces is { } replaced ? replaced : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid },
            },
        };
        List<JobFigures> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(JsonSerializer.Deserialize<JobFigures>(reader.GetString(0), PipelineJson.Options)!);
        }

        return found;
    }

    /// <summary>Which rules are broken, and by how much.</summary>
    private static string Words(QualityVerdict verdict) => string.Join(
        "; ",
        verdict.Rules.Where(rule => rule.State == RuleState.Breach).Select(rule => string.Create(
            CultureInfo.InvariantCulture, $"{NameOf(rule)} is {rule.Value:0.######}, {BoundOf(rule)}")));

    private static string NameOf(RuleVerdict rule) =>
        DefinitionWords.Metrics.WordFor(rule.Metric) + (rule.Field is null ? "" : $" of {Excerpt.Of(rule.Field, TextLengthMax)}");

    private static string BoundOf(RuleVerdict rule) => rule.Value < rule.Lower
        ? string.Create(CultureInfo.InvariantCulture, $"at least {rule.Lower:0.######} is expected")
        : string.Create(CultureInfo.InvariantCulture, $"at most {rule.Upper:0.######} is expected");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The rows of job {JobId} of {Dataset} are not as usual: {What}")]
        public static partial void Broken(ILogger logger, Guid jobId, string dataset, string what);
    }
}
