using Npgsql;
using PipelineService.Core.Datasets;

namespace PipelineService.Jobs.Runs;

/// <summary>The rows that a job has loaded into a table, found by their lineage.</summary>
internal static class JobRows
{
    public static NpgsqlBatchCommand Remove(TableName table, Guid job) => new(RemoveSql(table)) { Parameters = { new() { Value = job } } };

    /// <summary>With the job's id as <c>$1</c>.</summary>
    public static string RemoveSql(TableName table) => $"DELETE FROM {table.Quoted} WHERE {Identifier.Quote(LineageColumns.Job)} = $1";
}
