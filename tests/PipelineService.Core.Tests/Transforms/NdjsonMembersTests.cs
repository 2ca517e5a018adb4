using System.Text.Json;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>
/// Finding the members of records whose order changes, against the framework's reader. Names are near each other, and written in
/// every way; several records make one chunk, because what one of them teaches the next one goes by.
/// </summary>
public sealed class NdjsonMembersTests
{
    private const string Names = "a,ab,a b,b,abcdefgh,abcdefghi,é,q\"uote,back\\slash,never";

    private static readonly Gen<string> Blank = Gen.Frequency((6, Gen.Const("")), (1, Gen.OneOf<string>(" ", "\t", "\r", "  ")));

    private static readonly Gen<string> Name = Gen.OneOf<string>(
        "\"a\"", "\"ab\"", "\"a b\"", "\"b\"", "\"abcdefgh\"", "\"abcdefghi\"", "\"é\"", "\"\\u00e9\"", "\"q\\\"uote\"", "\"back\\\\slash\"",
        "\"\\u0061\"", "\"\\u0061b\"");

    private static readonly Gen<string> Value = Gen.OneOf(
        Gen.Int[-1_000, 1_000_000].Select(number => $"{number}"),
        Gen.OneOf<string>("null", "true", "false", "1.5e3", "[1,\"}\"]", "{\"a\":\"\\\"\"}"),
        Gen.String[Gen.Char["abc,:{}[]'é"], 0, 70].Select(text => $"\"{text}\""),
        Gen.Select(Gen.String[Gen.Char["ab"], 0, 40], Gen.OneOf<string>("\\n", "\\\"", "\\\\", "\\u00e9"), (text, escape) => $"\"{text}{escape}{text}\""));

    private static readonly Gen<string> Member = Gen.Select(
        Name, Blank, Blank, Value, Blank, (name, before, behind, value, end) => $"{name}{before}:{behind}{value}{end}");

    private static readonly Gen<string> Line = Gen.Select(Blank, Member.Array[0, 9], Blank, (start, members, blank) =>
        $"{start}{{{string.Join($",{blank}", members.DistinctBy(NameIn))}}}{blank}");

    [Fact]
    public void Any_order_of_names_gives_the_values_of_the_frameworks_reader() => Line.Array[1, 5].Sample(
        lines =>
        {
            Transforming result = Transform(string.Join('\n', lines));

            Assert.Empty(result.Rejects);
            Assert.Equal(lines.Select((line, index) => $"{101 + index}:{201 + index} {Expected(line)}"), result.Rows);
        },
        iter: 2_000);

    [Fact]
    public void A_name_that_comes_twice_is_found_in_any_order() => Gen.Select(Line, Member, Member).Sample(
        (line, first, second) =>
        {
            bool isTwice = NameIn(first) == NameIn(second);
            string[] rejects = Transform($"{line}\n{{{first},{second}}}\n{line}").Rejects;

            Assert.Equal(isTwice, rejects is [string reject] && reject.Contains("DuplicateField", StringComparison.Ordinal));
            Assert.Equal(isTwice ? 1 : 0, rejects.Length);
        },
        iter: 2_000);

    /// <summary>Texts of every length up to more than two blocks, so that their ends come everywhere in a block and at the data's end.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("\\n", "\n")]
    public void A_text_of_any_length_ends_at_its_quotation_mark(string escape, string meaning) => Assert.All(
        Enumerable.Range(1, 100),
        length =>
        {
            string text = new('x', length);
            Transforming result = Transform($"{{\"a\":\"{text}{escape}\"}}\n{{\"b\":\"{escape}{text}\"}}");

            Assert.Equal([$"{text}{meaning}", $"{meaning}{text}"], [Show(result, 0, 0), Show(result, 1, 3)]);
            Assert.EndsWith("* MalformedJson", Assert.Single(Transform($"{{\"a\":\"{text}").Rejects), StringComparison.Ordinal);
            Assert.EndsWith("* MalformedJson", Assert.Single(Transform($"{{\"a\":\"{text}\u001F\"}}").Rejects), StringComparison.Ordinal);
        });

    private static string Show(Transforming result, int row, int column) => Text.UTF8.GetString(result.Values(row)[column]!);

    private static string NameIn(string member)
    {
        using var document = JsonDocument.Parse($"{{{member}}}");
        return document.RootElement.EnumerateObject().Single().Name;
    }

    private static string Expected(string line)
    {
        using var document = JsonDocument.Parse(line);
        return string.Join('|', Names.Split(',').Select(name =>
            !document.RootElement.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? "~"
            : value.ValueKind != JsonValueKind.String ? value.GetRawText()
            : value.GetString() is { Length: > 0 } text ? text : "~"));
    }

    private static Transforming Transform(string data)
    {
        FieldDefinition[] fields =
            [.. Names.Split(',').Select(name => new FieldDefinition { Name = name, Type = FieldType.Any })];
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, fields);
        return new(new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)), data);
    }
}
