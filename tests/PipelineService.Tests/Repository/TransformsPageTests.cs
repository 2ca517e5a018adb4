using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
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
        Examples().Select(example => example.Op).Concat(EnrichmentPageTests.Ops).Distinct().Order(StringComparer.Ordinal));

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
        string fields = string.Join(',', example.Fields.Select(field => $"{{\"name\":\"{field.Name}\",\"type\":\"{field.Type}\"}}"));
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
        string record = $"{{{string.Join(',', example.Fields.Select((field, i) => $"\"{field.Name}\":{row[i]}"))}}}";
        ChunkTransform transform = new(plan, new NdjsonRecordReader(definition.Schema), new JobFacts(Guid.Empty));
        Assert.Equal(1, transform.Run(Encoding.UTF8.GetBytes(record), new ChunkPosition(1, 1), workspace));
        IEnumerable<string> others = Enumerable.Repeat("", example.Names.Length - Inputs(example) - 1);
        return workspace.Rejects.Count == 1
            ? [RecordReason.CodeOf(workspace.Rejects.ErrorsOf(workspace.Rejects.Rejects[0])[0], plan), .. others]
            : workspace.Filtered == 1 ? ["filtered", .. others]
            : [.. example.Names.Skip(Inputs(example)).Select(name => Shown(plan, workspace, name[ResultMark.Length..]))];
    }

    private static string Shown(RowPlan plan, TransformWorkspace workspace, string name)
    {
        int column = plan.Columns.Select(c => c.Field.Name).ToImmutableArray().IndexOf(name);
        return StoredValue.Of(workspace.Rows, row: 0, column, plan.Columns[column]).ToString();
    }

    [GeneratedRegex(@"```json\n(?<json>\{ ""op"".*?)\n```\n\n(?<head>\|.*?)\n\| ---.*?\n(?<rows>(\|.*\n)+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ExampleText();

    private sealed record Example(string Op, string Json, ImmutableArray<string> Names, ImmutableArray<string[]> Rows)
    {
        /// <summary>The columns before the results: a name, and behind it a type where that is not string.</summary>
        public IEnumerable<(string Name, string Type)> Fields => Names.Take(Inputs(this)).Select(name => name.Split(' '))
            .Select(words => (words[0], words.Length > 1 ? words[1] : "string"));
    }
}
