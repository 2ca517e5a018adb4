namespace PipelineService.Jobs;

/// <summary>The SQL that sums up what the ops of a dataset's transforms did, chunk by chunk.</summary>
internal static class OpSql
{
    /// <summary>A scalar query: the sums over the checkpoints of a job, in the form of <c>job_chunks.ops</c>.</summary>
    /// <param name="job">An expression for its id.</param>
    public static string Sum(string job) => $"""
        (SELECT jsonb_agg(jsonb_build_object('index', index, 'op', op, 'name', name, 'records', records) ORDER BY index)
         FROM (SELECT (o ->> 'index')::int AS index, o ->> 'op' AS op, o ->> 'name' AS name, sum((o ->> 'records')::bigint) AS records
               FROM pipeline.job_chunks, jsonb_array_elements(ops) o WHERE job_id = {job} GROUP BY 1, 2, 3) sums)
        """;
}
