using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Hosting.Postgres;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>
/// Keeps rejected records with their raw bytes and every reason. They go through one COPY, some at a time, so that a
/// chunk of nothing but rejects costs no more memory than a chunk of rows.
/// </summary>
/// <remarks>
/// COPY knows no <c>ON CONFLICT</c>. So letters that the chunk's records have already (from an attempt that was lost
/// after it wrote them) are deleted first, in the same transaction: writing twice changes nothing, and a letter of a
/// record that is good by now goes. Their counts by code and field come and go with them.
/// </remarks>
public sealed class DeadLetterWriter(Database database)
{
    /// <summary>Letters are sent when they are more than this. One alone may be longer, by its raw bytes.</summary>
    private const int BatchBytes = 128 << 10;

    /// <summary>
    /// Writes the rejects of a chunk and the rows of it that the database refused, and how many there are of each kind.
    /// </summary>
    /// <param name="connection">
    /// The connection whose transaction they belong to, or null to commit them at once: then an outage is waited for,
    /// and the token bounds that.
    /// </param>
    public Task WriteAsync(
        NpgsqlConnection? connection,
        TransformedChunk chunk,
        IReadOnlyList<RejectedRow> refused,
        RejectTally tally,
        CancellationToken cancellationToken) =>
        connection is not null
            ? WriteWithinAsync(connection, Begin(chunk, tally), chunk, refused, cancellationToken)
            : database.RunPatientlyAsync(
                async (own, token) =>
                {
                    await WriteBesideAsync(own, chunk, refused, tally, token);
                    return true;
                },
                cancellationToken);

    /// <summary>
    /// A transaction of their own, fenced like the rows': an attempt that was taken over writes nothing any more.
    /// </summary>
    private static async Task WriteBesideAsync(
        NpgsqlConnection own,
        TransformedChunk chunk,
        IReadOnlyList<RejectedRow> refused,
        RejectTally tally,
        CancellationToken cancellationToken)
    {
        JobLoadPlan plan = chunk.Load.Plan;
        NpgsqlBatchCommand[] first =
        [
            new("BEGIN"),
            new(WriteSql.SettingsBeside) { Parameters = { new() { Value = WriteSession.SessionName(plan.JobId) } } },
            new(WriteSql.LockDeadLetters)
            {
                Parameters = { new() { Value = plan.JobId }, new() { Value = chunk.Extent.Position.FirstRecord } },
            },
            .. Begin(chunk, tally),
        ];
        try
        {
            await WriteWithinAsync(own, first, chunk, refused, cancellationToken);
            await using NpgsqlBatch commit = new(own)
            {
                // Last, because what the fence locks is what renews the lease.
                BatchCommands = { JobTakenOverException.RequireEpoch(plan.JobId, plan.Epoch), new("COMMIT") },
            };
            await commit.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == JobTakenOverException.SqlState)
        {
            throw new JobTakenOverException(e.MessageText, e);
        }
    }

    private static async Task WriteWithinAsync(
        NpgsqlConnection connection,
        NpgsqlBatchCommand[] first,
        TransformedChunk chunk,
        IReadOnlyList<RejectedRow> refused,
        CancellationToken cancellationToken)
    {
        await using (NpgsqlBatch batch = new(connection))
        {
            foreach (NpgsqlBatchCommand command in first)
            {
                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await using NpgsqlRawCopyStream copy =
            await connection.BeginRawBinaryCopyAsync(WriteSql.CopyDeadLetters, cancellationToken);
        await copy.WriteAsync(RowBuffer.Header.ToArray(), cancellationToken);
        TransformWorkspace workspace = chunk.Workspace;
        workspace.Letters.Clear();
        DeadLetterRows letters = new(chunk);
        for (int i = 0; i < workspace.Rejects.Count; i++)
        {
            Reject reject = workspace.Rejects.Rejects[i];
            letters.Add(reject, workspace.Rejects.ErrorsOf(reject));
            await SendAsync(copy, workspace.Letters, BatchBytes, cancellationToken);
        }

        foreach (RejectedRow row in refused)
        {
            letters.Add(row);
            await SendAsync(copy, workspace.Letters, BatchBytes, cancellationToken);
        }

        await SendAsync(copy, workspace.Letters, bytesMin: 0, cancellationToken);
        await copy.WriteAsync(RowBuffer.Trailer.ToArray(), cancellationToken);
    }

    /// <summary>Sends the letters in hand when they are more than so many bytes.</summary>
    private static async ValueTask SendAsync(
        NpgsqlRawCopyStream copy, RowBuffer letters, int bytesMin, CancellationToken cancellationToken)
    {
        if (letters.Length > bytesMin)
        {
            await copy.WriteAsync(letters.RowBytes(0, letters.Count), cancellationToken);
            letters.Clear();
        }
    }

    private static NpgsqlBatchCommand[] Begin(TransformedChunk chunk, RejectTally tally)
    {
        Guid job = chunk.Load.Plan.JobId;
        RejectCount[] counts = [.. tally.Counts];
        return
        [
            new(WriteSql.DeleteDeadLetters)
            {
                Parameters =
                {
                    new() { Value = job },
                    new() { Value = chunk.Extent.Position.FirstRecord },
                    new() { Value = chunk.Extent.Position.FirstRecord + chunk.Extent.Records },
                },
            },
            new(WriteSql.DeleteRejectCounts) { Parameters = { new() { Value = job }, new() { Value = chunk.Extent.StartOffset } } },
            new(WriteSql.InsertRejectCounts)
            {
                Parameters =
                {
                    new() { Value = job },
                    new() { Value = chunk.Extent.StartOffset },
                    new() { Value = counts.Select(c => c.Code).ToArray() },
                    new() { Value = counts.Select(c => c.Field).ToArray() },
                    new() { Value = counts.Select(c => c.Records).ToArray() },
                },
            },
        ];
    }
}
