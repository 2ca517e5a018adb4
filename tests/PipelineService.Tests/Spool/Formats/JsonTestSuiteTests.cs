using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>
/// https://github.com/nst/JSONTestSuite through HTTP: each case as the value of a field, in an array between two good records and on a line, and as a
/// document by itself.
/// </summary>
public sealed class JsonTestSuiteTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Suite = "JSONTestSuite";
    private const int AtOnce = 8;

    /// <summary>
    /// What is well-formed is loaded value for value, what is not is refused with a reason and a place: a reject beside the good records, or a
    /// fault of the document, and then nothing is loaded.
    /// </summary>
    [Fact]
    public async Task In_an_array_between_good_records_a_case_is_loaded_or_refused()
    {
        await DeclareAsync("suite_elements");

        await ForEachAsync("suite_elements", "application/json", "[{\"v\":1},\n{\"v\":", "},{\"v\":2}]", (sample, job, loaded) =>
        {
            bool isDocument = job.State == JobState.Failed;
            Assert.True(isDocument ? job is { Error.Code: "malformed_document", Records.Loaded: 0 } : job.Records.Read == 3, Show(sample, job));
            bool isTaken = !isDocument && job.Records.Loaded == 3;
            Assert.True(sample.Expect == "either" || isTaken == (sample.Expect == "accept"), Show(sample, job));
            Assert.True(isDocument || job.Records.Rejected == (isTaken ? 0 : 1), Show(sample, job));
            Assert.True(!isTaken || IsSame(sample.Bytes, loaded), $"{Show(sample, job)}: {loaded}");
        });
    }

    /// <summary>Line ends within a case end its line, so only those without are told apart from several.</summary>
    [Fact]
    public async Task On_a_line_a_case_costs_no_other()
    {
        await DeclareAsync("suite_lines");

        await ForEachAsync("suite_lines", "application/x-ndjson", "{\"v\":1}\n{\"v\":", "}\n{\"v\":2}\n", (sample, job, loaded) =>
        {
            bool isOneLine = !sample.Bytes.AsSpan().Contains((byte)'\n');
            bool isTaken = job.Records.Rejected == 0;
            Assert.True(job.State != JobState.Failed && job.Records.Loaded >= 2, Show(sample, job));
            Assert.True(!isOneLine || sample.Expect == "either" || isTaken == (sample.Expect == "accept"), Show(sample, job));
            Assert.True(!isTaken || IsSame(sample.Bytes, loaded), $"{Show(sample, job)}: {loaded}");
        });
    }

    [Fact]
    public async Task By_itself_what_is_no_document_loads_nothing()
    {
        await DeclareAsync("suite_documents");

        await ForEachAsync("suite_documents", "application/json", "", "", (sample, job, _) =>
        {
            bool isRefused = job.Records.Loaded == 0 && (job.State == JobState.Failed || job.Records.Rejected > 0);
            Assert.True(job.State.IsFinal() && (sample.Expect != "reject" || isRefused), Show(sample, job));
        });
    }

    private Task DeclareAsync(string dataset) =>
        service.DeclareAsync(dataset, """{ "name": "v", "type": "any" }""", schema: """, "missingValues": [] """);

    private async Task ForEachAsync(
        string dataset, string type, string before, string behind, Action<PublicCase, JobView, string?> check)
    {
        IReadOnlyList<PublicCase> cases = PublicTestData.CasesOf(Suite);
        Assert.NotEmpty(cases);
        foreach (PublicCase[] some in cases.Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(async sample =>
            {
                byte[] body = [.. Encoding.UTF8.GetBytes(before), .. sample.Bytes, .. Encoding.UTF8.GetBytes(behind)];
                JobView job = await service.LoadAsync(dataset, body, type);
                string[] loaded = await service.RowsAsync(
                    $"SELECT coalesce(v, 'null') FROM public.{dataset} WHERE _job_id = '{job.Id}' AND _record = 2");
                check(sample, job, loaded.FirstOrDefault());
            }));
        }
    }

    /// <summary>A text is stored as what it says, any other value as its JSON is written.</summary>
    private static bool IsSame(byte[] json, string? stored)
    {
        using var document = JsonDocument.Parse(json);
        JsonElement value = document.RootElement;
        return value.ValueKind == JsonValueKind.String ? value.GetString() == stored : value.GetRawText() == stored;
    }

    private static string Show(PublicCase sample, JobView job) =>
        $"{sample.Id} ({sample.Expect}): {job.State}, {job.Records}, {job.Error?.Code}";
}
