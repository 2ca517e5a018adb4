using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>
/// Public collections of text, value for value: csv-spectrum by its expected rows, and the big list of naughty strings in each format.
/// </summary>
public sealed class PublicTextTests(LoadingService service) : IClassFixture<LoadingService>
{
    [Fact]
    public async Task Csv_spectrum_is_loaded_value_for_value()
    {
        foreach (PublicCase found in PublicTestData.CasesOf("csv-spectrum"))
        {
            using var expected = JsonDocument.Parse(PublicTestData.Read("csv-spectrum", $"json/{found.Id}.json"));
            string[] names = [.. expected.RootElement[0].EnumerateObject().Select(member => member.Name)];
            string dataset = $"spectrum_{found.Id}";
            await service.Api.DeclareAsync(dataset, $$"""
                { "schema": { "fields": [{{string.Join(',', names.Select((name, i) =>
                    JsonSerializer.Serialize(new { name = $"f{i}", source = name, type = "string" })))}}], "missingValues": [] },
                  "load": { "table": "public.{{dataset}}" } }
                """);

            JobView job = await service.LoadAsync(dataset, WithItsLineEnds(found), "text/csv");

            Assert.True(job.State == JobState.Succeeded, $"{found.Id}: {job.Error?.Detail}");
            string[] rows = await service.RowsAsync(
                $"SELECT json_build_array({string.Join(',', names.Select((_, i) => $"f{i}"))})::text FROM public.{dataset} ORDER BY _record");
            Assert.Equal(
                expected.RootElement.EnumerateArray().Select(row => string.Join('|', row.EnumerateObject().Select(member => member.Value.GetString()))),
                rows.Select(row => string.Join('|', JsonSerializer.Deserialize<string[]>(row)!)));
        }
    }

    [Fact]
    public async Task Naughty_strings_come_through_every_format_as_they_are()
    {
        string[] strings = JsonSerializer.Deserialize<string[]>(PublicTestData.Read("naughty-strings", "blns.json"))!;
        string csv = "id,note\r\n" + string.Concat(strings.Select((text, i) => $"{i},\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\r\n"));
        string[] objects = [.. strings.Select((text, i) => JsonSerializer.Serialize(new { id = i, note = text }))];
        await LoadAsync("csv", Encoding.UTF8.GetBytes(csv), "text/csv", strings);
        await LoadAsync("wide", Encoding.Unicode.GetBytes(csv), "text/csv; charset=utf-16le", strings);
        await LoadAsync("lines", Encoding.UTF8.GetBytes(string.Join('\n', objects)), "application/x-ndjson", strings);
        await LoadAsync("document", Encoding.UTF8.GetBytes($"[{string.Join(',', objects)}]"), "application/json", strings);
    }

    /// <summary>A checkout may have taken the CR away that the case is about.</summary>
    private static byte[] WithItsLineEnds(PublicCase found) =>
        found.Id.EndsWith("_crlf", StringComparison.Ordinal) && !found.Bytes.Contains((byte)'\r')
            ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(found.Bytes).Replace("\n", "\r\n", StringComparison.Ordinal))
            : found.Bytes;

    private async Task LoadAsync(string form, byte[] data, string contentType, string[] strings)
    {
        string dataset = $"naughty_{form}";
        await service.DeclareAsync(
            dataset, """{ "name": "id", "type": "integer" }, { "name": "note" }""", schema: ", \"missingValues\": []");

        JobView job = await service.LoadAsync(dataset, data, contentType);

        Assert.Equal((strings.Length, 0L), ((int)job.Records.Loaded, job.Records.Rejected));
        string[] rows = await service.RowsAsync($"SELECT to_json(note)::text FROM public.{dataset} ORDER BY id");
        Assert.Equal(strings, rows.Select(row => JsonSerializer.Deserialize<string>(row)));
    }
}
