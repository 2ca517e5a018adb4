using System.Data.Common;
using System.Text.Json;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Runs;

/// <summary>The statements with which jobs end that share a transaction, and the rows that these return.</summary>
/// <param name="finishedAt">When they end.</param>
internal sealed class SmallJobEnd(IReadOnlyList<TransformedJob> jobs, TableName table, DateTime finishedAt)
{
    private readonly Dictionary<Guid, JobRow> _ended = [];

    /// <summary>The fence, the checkpoints and the ends of all jobs.</summary>
    /// <param name="place">Where their rows begin in the table.</param>
    public IReadOnlyList<NpgsqlBatchCommand> Statements(TablePlace? place)
    {
        NpgsqlBatchCommand finish = new(SmallJobSql.Finish)
        {
            Parameters =
            {
                Each(job => job.Row.Id),
                Each(job => job.Row.Epoch),
                Each(job => job.Start.Offset),
                Each(job => job.End),
                Each(job => job.Start.Position.FirstLine),
                Each(job => job.Lines),
                Each(job => job.Counts.Read),
                Each(job => job.Counts.Loaded),
                Each(job => job.Counts.Filtered),
                Each(job => JsonSerializer.Serialize(job.Start.Columns?.Select(Faults.Storable) ?? [])),
                new() { Value = finishedAt },
            },
        };
        finish.Parameters.AddRange(RowsOfJob.PlaceOf(table, place));
        finish.Parameters.Add(Each(job => OpCounts.ToJson(job.Ops)));
        return
        [
            new(SmallJobSql.RequireEpochs) { Parameters = { Each(job => job.Row.Id), Each(job => job.Row.Epoch) } },
            new(DurableCommit.Sql), // after this commit the uploads leave the spool
            finish,
        ];
    }

    /// <summary>Reads the rows of the jobs as they have ended.</summary>
    public async Task ReadAsync(NpgsqlDataReader reader)
    {
        while (reader.FieldCount <= 1 && await reader.NextResultAsync())
        {
            // The fence and the setting come before.
        }

        Func<DbDataReader, JobRow> parse = reader.GetRowParser<JobRow>();
        while (await reader.ReadAsync())
        {
            JobRow row = parse(reader);
            _ended[row.Id] = row;
        }
    }

    /// <summary>A job's row as it has ended.</summary>
    public JobRow RowOf(Guid job) => _ended[job];

    private NpgsqlParameter Each<T>(Func<TransformedJob, T> value) => new() { Value = jobs.Select(value).ToArray() };
}
