using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>
/// Files and compressed data that break off, at any byte: their job fails, and nothing is loaded. By hand through a service, each in the
/// process that converts it: <c>PIPELINE_CUTS_STEP</c> says at each how manieth byte. What decodes and reads here is cut at every byte in any run.
/// </summary>
public sealed class CutFilesTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    internal const string Variable = "PIPELINE_CUTS_STEP";
    private const int Senders = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    public Task Compressed_data_that_is_cut_fails_its_job_and_nothing_is_loaded(string coding) => CutAsync(coding);

    [Theory]
    [InlineData("parquet")]
    [InlineData("arrow")]
    [InlineData("xlsx")]
    public Task Files_that_are_cut_fail_their_jobs_and_nothing_is_loaded(string format) => CutAsync(format);

    private async Task CutAsync(string what)
    {
        int? step = int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out int value) ? value : null;
        Assert.SkipWhen(step is null, $"By hand: {Variable} says at each how manieth byte.");
        using TemporaryFolder folder = new();
        int port = ServiceProcess.FreePort();
        await using var process = ServiceProcess.Start(database.ConnectionString, Path.Combine(folder.Path, "spool"), port, [("Spool__ChunkBytes", "4096")]);
        Assert.True(await process.WaitUntilReadyAsync(Token), process.Log);
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        ConcurrentDictionary<string, int> outcomes = [];
        foreach (string commit in (string[])["job", "chunk"])
        {
            string dataset = $"cut_{what}_{commit}";
            await api.DeclareAsync(dataset, $$"""
                { 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }, { 'name': 'at', 'type': 'datetime' }, { 'name': 'note' }], 'fieldsMatch': 'subset' },
                  'load': { 'table': 'public.{{dataset}}', 'commit': '{{commit}}' } }
                """);
            foreach ((byte[] sent, string type, string? coding) in await SentAsync(what))
            {
                await Parallel.ForEachAsync(
                    Enumerable.Range(0, sent.Length).Where(length => length % step.Value == 0 || length == sent.Length - 1),
                    new ParallelOptions { MaxDegreeOfParallelism = Senders, CancellationToken = Token },
                    async (length, token) =>
                    {
                        JobView job = await LoadAsync(api, dataset, sent[..length], type, coding);
                        outcomes.AddOrUpdate($"{job.State} {job.Error?.Code}", 1, (_, count) => count + 1);
                        Assert.True(
                            job.State == JobState.Failed && job.Error?.Code is "compressed_data_damaged" or "file_unreadable" && job.Records.Loaded == 0,
                            $"{what} cut at byte {length} of {sent.Length}: {job.State} {job.Error?.Code} {job.Error?.Detail}");
                    });
                Assert.Equal(0, await database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset}"));
                Assert.Equal(JobState.Succeeded, (await LoadAsync(api, dataset, sent, type, coding)).State);
                await database.ExecuteAsync($"TRUNCATE public.{dataset}");
            }
        }

        TestContext.Current.SendDiagnosticMessage(
            "{0}, at each {1}. byte: {2}", what, step, string.Join(", ", outcomes.Select(outcome => $"{outcome.Key} {outcome.Value}")));
    }

    /// <summary>Some tens of rows, in more than one chunk where they are text.</summary>
    private static async Task<(byte[] Sent, string Type, string? Coding)[]> SentAsync(string what)
    {
        string csv = $"id,at,note\n{string.Concat(Enumerable.Range(1, 150).Select(i => $"{i},2026-03-01T06:{i % 60:00}:00Z,note {i * 7919 % 1000}\n"))}";
        return what switch
        {
            "parquet" => [.. (await FileMutation.OriginalsAsync(what, Token)).Skip(3).Take(3).Select(file => (file, "application/vnd.apache.parquet", (string?)null))],
            "arrow" => [.. (await FileMutation.OriginalsAsync(what, Token)).TakeLast(2).Select(file => (file, ArrowSample.Stream, (string?)null))],
            "xlsx" => [(await WorkbookSample.OfAsync(3, Token), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", null)],
            _ => [(Compressed.With(ContentCodings.Parse(what, out _), Encoding.UTF8.GetBytes(csv)), "text/csv", what)],
        };
    }

    private static async Task<JobView> LoadAsync(Api api, string dataset, byte[] sent, string type, string? coding)
    {
        using ByteArrayContent body = new(sent);
        body.Headers.TryAddWithoutValidation("Content-Type", type);
        if (coding is not null)
        {
            body.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        }

        return await api.WhenFinalAtLastAsync((await api.UploadAsync(dataset, body)).Job.Id);
    }
}
