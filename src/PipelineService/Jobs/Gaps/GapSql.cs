using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;
using PipelineService.Write;

namespace PipelineService.Jobs.Gaps;

/// <summary>The SQL of what rows lack because a service gave no answer.</summary>
internal static class GapSql
{
    /// <summary>Behind a place, by record and op.</summary>
    public const string List = """
        SELECT record, op, reason, state, tried_at FROM pipeline.enrichment_gaps
        WHERE job_id = @job AND (record, op) > (@record, @op) AND (@state::text IS NULL OR state = @state)
        ORDER BY record, op LIMIT @limit
        """;

    public const string Request = "UPDATE pipeline.enrichment_gaps SET state = 'requested' WHERE job_id = @job AND state = 'open'";

    public const string CountOpen = """
        SELECT count(*) FROM pipeline.enrichment_gaps WHERE job_id = @job AND state = 'requested'
        """;

    /// <summary>The next job behind another of which something is to be filled.</summary>
    public const string NextJob = """
        SELECT job_id FROM pipeline.enrichment_gaps WHERE state = 'requested' AND job_id > @after ORDER BY job_id LIMIT 1
        """;

    public const string NextOp = """
        SELECT op FROM pipeline.enrichment_gaps WHERE state = 'requested' AND job_id = @job ORDER BY op LIMIT 1
        """;

    public const string NextRecords = """
        SELECT record FROM pipeline.enrichment_gaps WHERE state = 'requested' AND job_id = @job AND op = @op ORDER BY record LIMIT @limit
        """;

    /// <summary>Nobody else fills these from here on; those that somebody has filled are left out.</summary>
    public const string Lock = """
        SELECT record FROM pipeline.enrichment_gaps
        WHERE job_id = @job AND op = @op AND record = ANY (@records) AND state = 'requested' ORDER BY record FOR UPDATE
        """;

    public const string Settle = """
        UPDATE pipeline.enrichment_gaps g SET state = s.state, reason = coalesce(s.reason, g.reason), tried_at = now()
        FROM unnest(@records, @states, @reasons) AS s (record, state, reason)
        WHERE g.job_id = @job AND g.op = @op AND g.record = s.record
        """;

    public const string Fewer = """
        UPDATE pipeline.jobs SET gaps = greatest(0, gaps - @filled), revision = revision + 1 WHERE id = @job AND gaps IS NOT NULL
        """;

    private const string Count = """
        UPDATE pipeline.jobs SET gaps = nullif((SELECT count(*) FROM pipeline.enrichment_gaps WHERE job_id = $1), 0) WHERE id = $1
        """;

    /// <summary>What a job says of its gaps when it ends; nothing where it can have none.</summary>
    public static NpgsqlBatchCommand[] CountOf(JobLoadPlan plan) =>
        plan.Rows.Services.Any(use => use.Unavailable == OnUnavailable.Null)
            ? [new NpgsqlBatchCommand(Count) { Parameters = { new() { Value = plan.JobId } } }]
            : [];

    /// <summary>Of some records ($2) of a job ($1) where their rows are, and by which values the service is asked.</summary>
    public static string Rows(TableName table, GapFill fill)
    {
        IEnumerable<string> inputs = fill.Inputs.Select(field =>
            $"t.{Identifier.Quote(field.Name)}::{TypeOf(FieldKinds.Of(field)!.Value)}");
        return $"SELECT t.ctid::text, t.{Record}, {string.Join(", ", inputs)} FROM {table.Quoted} t WHERE t.{Job} = $1 AND t.{Record} = ANY ($2)";
    }

    /// <summary>
    /// Gives rows of a job ($1) their values: by the record ($2), where it was ($3), then an array for each field. A row that has moved
    /// meanwhile is left as it is.
    /// </summary>
    public static string Update(TableName table, GapFill fill)
    {
        FieldDefinition[] sets = [.. fill.Sets];
        string names = string.Join(", ", sets.Select((_, i) => $"c{i}"));
        string arrays = string.Join(", ", sets.Select((_, i) => $"${i + 4}::text[]"));
        string values = string.Join(", ", sets.Select((field, i) => $"{Identifier.Quote(field.Name)} = v.c{i}::{field.ColumnType}"));
        return $"""
            UPDATE {table.Quoted} t SET {values}
            FROM unnest($2::bigint[], $3::text[], {arrays}) AS v (record, place, {names})
            WHERE t.ctid = v.place::tid AND t.{Job} = $1 AND t.{Record} = v.record
            RETURNING v.record
            """;
    }

    private static string Job => Identifier.Quote(LineageColumns.Job);

    private static string Record => Identifier.Quote(LineageColumns.Record);

    private static string TypeOf(TypedKind kind) => kind switch
    {
        TypedKind.Integer => "bigint",
        TypedKind.Number => "numeric",
        TypedKind.Float => "double precision",
        TypedKind.Boolean => "boolean",
        TypedKind.Date => "date",
        TypedKind.LocalDateTime => "timestamp",
        TypedKind.DateTime => "timestamptz",
        _ => "text",
    };
}
