using Dapper;
using PipelineService.Core.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Decoding;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// What was made of an upload for a job is written to its row before anything of its end is committed: every attempt loads the same rows
/// of the same offsets, or none goes on.
/// </summary>
public sealed class JobConversions(Database database, UploadConversions conversions)
{
    private const string Find = "SELECT converted_bytes, converted_hash FROM pipeline.jobs WHERE id = @id AND converted_bytes IS NOT NULL";

    private const string Write = """
        UPDATE pipeline.jobs SET converted_bytes = @Bytes, converted_hash = @Hash WHERE id = @id AND epoch = @epoch
        """;

    /// <param name="upload">Sealed.</param>
    /// <param name="hasCheckpoints">Whether rows of it are committed.</param>
    /// <exception cref="ConversionAwaitedException">Others are converted now.</exception>
    public async Task<UploadContent> OpenAsync(
        LiveJob live, SpoolReader upload, DatasetDefinition definition, bool hasCheckpoints, CancellationToken cancellationToken)
    {
        JobRow job = live.Current;
        ConversionDigest? pinned = await database.RunPatientlyAsync(
            async (connection, token) => await connection.QuerySingleOrDefaultAsync<(long Bytes, byte[] Hash)?>(
                JobSql.Command(Find, new { id = job.Id }, token)) is var (bytes, hash)
                ? new ConversionDigest(bytes, hash)
                : null,
            cancellationToken);
        return await conversions.OpenAsync(
            job.Id, upload, live.Codings, FormatTable.Of(live.Kind.Format), definition, pinned,
            (made, token) => made == pinned ? Task.CompletedTask : PinAsync(job, made, hasCheckpoints, token),
            cancellationToken);
    }

    private async Task PinAsync(JobRow job, ConversionDigest made, bool hasCheckpoints, CancellationToken cancellationToken)
    {
        if (hasCheckpoints)
        {
            throw new JobFaultException(ConversionProblems.Differs);
        }

        int written = await database.RunPatientlyAsync(
            (connection, token) => connection.ExecuteAsync(
                JobSql.Command(Write, new { id = job.Id, epoch = job.Epoch, made.Bytes, made.Hash }, token)),
            cancellationToken);
        if (written == 0)
        {
            throw new JobTakenOverException($"Another attempt has taken over job {job.Id}.");
        }
    }
}
