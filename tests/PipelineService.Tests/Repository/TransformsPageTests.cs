using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using PipelineService.Datasets.Definitions;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>Every example of docs/transforms.md does what the page says.</summary>
public sealed partial class TransformsPageTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string ResultMark = "→ ";

    private static readonly string Page = RepositoryFiles.Read("docs", "transforms.md");

    [Fact]
    public async Task The_dataset_at_the_top_loads_as_it_shows()
    {
        string definition = MarkdownText.Blocks(Page, "json")[0];
        await service.Api.DeclareAsync("page", definition);

        JobView job = await service.LoadAsync("page", Assert.Single(MarkdownText.Blocks(Page, "csv")));

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(3, 2, 1, 0)), (job.State, job.Records));
        string[] shown = Assert.Single(MarkdownText.Blocks(Page, "text")).TrimEnd().Split('\n');
        Assert.Equal(shown[0], (await service.RowsAsync("""
            SELECT string_agg(column_name, '|' ORDER BY ordinal_position) FROM information_schema.columns
            WHERE table_name = 'page' AND column_name NOT LIKE '\_%'
            """))[0]);
        Assert.Equal(
            shown[1..],
            await service.RowsAsync(
                $"SELECT concat({string.Join(", '|', ", shown[0].Split('|'))}) FROM page ORDER BY id"));
        Assert.StartsWith("3:4 pattern country", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_op_has_an_example() => Assert.Equal(
        DefinitionWordsOfOps().Order(StringComparer.Ordinal),
        Examples().Select(example => example.Op).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Every_example_does_what_it_says() => Assert.All(Examples(), example =>
    {
        DatasetDefinition definition = DefinitionOf(example);
        Assert.NotEmpty(example.Rows);
        Assert.All(example.Rows, row => Assert.Equal(row[Inputs(example)..], Run(definition, example, row)));
    });

    private static string[] DefinitionWordsOfOps()
    {
        using var openApi = JsonDocument.Parse(RepositoryFiles.Read("openapi", "v1.json"));
        return
        [
            .. openApi.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("TransformOp").GetProperty("enum")
                .EnumerateArray().Select(word => word.GetString()!),
        ];
    }

    /// <summary>An op in a block, and the table behind it.</summary>
    private static ImmutableArray<Example> Examples() =>
    [
        .. ExampleText().Matches(Page).Select(match => new Example(
            JsonDocument.Parse(match.Groups["json"].Value).RootElement.GetProperty("op").GetString()!,
            match.Groups["json"].Value,
            [.. Cells(match.Groups["head"].Value)],
            [.. match.Groups["rows"].Value.TrimEnd().Split('\n').Select(line => Cells(line).ToArray())])),
    ];

    private static IEnumerable<string> Cells(string line) => line.Trim('|').Split('|').Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal));

    private static int Inputs(Example example) => example.Names.Count(name => !name.StartsWith(ResultMark, StringComparison.Ordinal));

    private static DatasetDefinition DefinitionOf(Example example)
    {
        string fields = string.Join(',', example.Names.Take(Inputs(example)).Select(FieldOf));
        using var json = JsonDocument.Parse($$"""{ "schema": { "fields": [{{fields}}] }, "transforms": [{{example.Json}}] }""");
        DatasetDefinition? definition = DefinitionReader.Read(json.RootElement, "example", out IReadOnlyDictionary<string, string[]> errors);
        Assert.True(errors.Count == 0, $"{example.Json}: {string.Join(' ', errors.SelectMany(e => e.Value))}");
        return definition!;
    }

    /// <summary>What stands in the cells of the results: JSON texts, null, or a code in the first for all.</summary>
    private static string[] Run(DatasetDefinition definition, Example example, string[] row)
    {
        RowPlan plan = new(definition, RowSteps.Of(definition, name => name == "PII_SALT" ? "Jefe"u8.ToArray() : null));
        TransformWorkspace workspace = new();
        string record = $"{{{string.Join(',', example.Names.Take(Inputs(example)).Select((name, i) => $"\"{name.Split(' ')[0]}\":{row[i]}"))}}}";
        ChunkTransform transform = new(plan, new NdjsonRecordReader(definition.Schema), Guid.Empty);
        Assert.Equal(1, transform.Run(Encoding.UTF8.GetBytes(record), new ChunkPosition(1, 1), workspace));
        return workspace.Rejects.Count == 1
            ?
            [
                RecordErrorCodes.NameOf(workspace.Rejects.ErrorsOf(workspace.Rejects.Rejects[0])[0].Code),
                .. Enumerable.Repeat("", example.Names.Length - Inputs(example) - 1),
            ]
            : [.. example.Names.Skip(Inputs(example)).Select(name => Shown(plan, workspace, name[ResultMark.Length..]))];
    }

    private static string Shown(RowPlan plan, TransformWorkspace workspace, string name)
    {
        int column = plan.Columns.Select(c => c.Field.Name).ToImmutableArray().IndexOf(name);
        return !workspace.Rows.TryGetField(0, column, out ReadOnlySpan<byte> value) ? "null"
            : plan.Columns[column].Field.Type switch
            {
                FieldType.Integer => $"{BinaryPrimitives.ReadInt64BigEndian(value)}",
                FieldType.Date => $"\"{new DateOnly(2000, 1, 1).AddDays(BinaryPrimitives.ReadInt32BigEndian(value)):yyyy-MM-dd}\"",
                FieldType.Object => Encoding.UTF8.GetString(value[1..]), // behind the version of jsonb
                _ => $"\"{Encoding.UTF8.GetString(value)}\"",
            };
    }

    /// <summary>A field of an example; text unless the head of its column says another type, as <c>a (date)</c>.</summary>
    private static string FieldOf(string head)
    {
        string[] parts = head.Split(' ', '(', ')');
        return $"{{\"name\":\"{parts[0]}\",\"type\":\"{(parts.Length > 2 ? parts[2] : "string")}\"}}";
    }

    [GeneratedRegex(@"```json\n(?<json>\{ ""op"".*?)\n```\n\n(?<head>\|.*?)\n\| ---.*?\n(?<rows>(\|.*\n)+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ExampleText();

    private sealed record Example(string Op, string Json, ImmutableArray<string> Names, ImmutableArray<string[]> Rows);
}
