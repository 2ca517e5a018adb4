using System.Security.Cryptography;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>200 columns with 200 transforms, each row compared with what plain code makes of it.</summary>
public sealed class WideTransformsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int Fields = 200;
    private const int Records = 3_000;

    /// <summary>Ops by turns, each with what it makes of a text that is not empty.</summary>
    private static readonly (string Op, Func<string, string?> Make)[] Ops =
    [
        ("\"op\":\"trim\"", text => text.Trim()),
        ("\"op\":\"upper\"", text => text.ToUpperInvariant()),
        ("\"op\":\"lower\"", text => text.ToLowerInvariant()),
        ("\"op\":\"replace\",\"text\":\"7\",\"with\":\"seven\"", text => text.Replace("7", "seven", StringComparison.Ordinal)),
        ("\"op\":\"replace\",\"pattern\":\"[a-z]\",\"with\":\"\"", text => string.Concat(text.Where(c => c is not (>= 'a' and <= 'z')))),
        ("\"op\":\"pad\",\"length\":12,\"character\":\"0\"", text => text.PadLeft(12, '0')),
        ("\"op\":\"truncate\",\"length\":4", text => text[..Math.Min(4, text.Length)]),
        ("\"op\":\"mask\",\"keepLast\":1", text => new string('*', text.Length - 1) + text[^1]),
        ("\"op\":\"map\",\"table\":{\" Ab 0 \":\"none\"}", text => text == " Ab 0 " ? "none" : text),
        ("\"op\":\"null_if\",\"values\":[\" Ab 7 \"]", text => text == " Ab 7 " ? null : text),
    ];

    [Theory]
    [InlineData("text/csv")]
    [InlineData("application/x-ndjson")]
    public async Task Every_value_is_what_its_op_makes(string contentType)
    {
        string dataset = $"wide_{contentType[^3..]}";
        string fields = string.Join(',', Enumerable.Range(0, Fields).Select(i => $$"""{"name":"f{{i}}","type":"string"}"""));
        string transforms = string.Join(',', Enumerable.Range(0, Fields).Select(i => $$"""{{{Ops[i % Ops.Length].Op}},"fields":["f{{i}}"]}"""));
        await service.Api.DeclareAsync(dataset, $$"""{"schema":{"fields":[{{fields}}]},"transforms":[{{transforms}}]}""");

        JobView job = await service.LoadAsync(dataset, DataOf(contentType), contentType);

        Assert.Equal((JobState.Succeeded, new RecordsView(Records, Records, 0, 0)), (job.State, job.Records));
        string columns = string.Join(",'|',", Enumerable.Range(0, Fields).Select(i => $"coalesce(f{i}, '~')"));
        byte[] expected = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, Records).Select(Expected)));
        Assert.Equal(
            [Convert.ToHexStringLower(SHA256.HashData(expected))],
            await service.RowsAsync($"""
                SELECT encode(sha256(convert_to(string_agg(concat({Parts(columns)}), E'\n' ORDER BY _record), 'UTF8')), 'hex')
                FROM {dataset}
                """));
    }

    /// <summary>PostgreSQL takes 100 arguments.</summary>
    private static string Parts(string columns) =>
        string.Join(
            ", '|', ", columns.Split(",'|',").Chunk(40).Select(part => $"concat({string.Join(",'|',", part)})"));

    private static string Expected(int record) =>
        string.Join('|', Enumerable.Range(0, Fields).Select(field => Ops[field % Ops.Length].Make(ValueOf(record, field)) ?? "~"));

    private static string ValueOf(int record, int field) => $" Ab {(record + field) % 11} ";

    private static byte[] DataOf(string contentType)
    {
        StringBuilder data = new();
        bool isCsv = contentType == "text/csv";
        if (isCsv)
        {
            data.AppendJoin(',', Enumerable.Range(0, Fields).Select(i => $"f{i}")).Append('\n');
        }

        for (int record = 0; record < Records; record++)
        {
            string line = isCsv
                ? string.Join(',', Enumerable.Range(0, Fields).Select(field => ValueOf(record, field)))
                : $"{{{string.Join(',', Enumerable.Range(0, Fields).Select(field => $"\"f{field}\":\"{ValueOf(record, field)}\""))}}}";
            data.Append(line).Append('\n');
        }

        return Encoding.UTF8.GetBytes(data.ToString());
    }
}
