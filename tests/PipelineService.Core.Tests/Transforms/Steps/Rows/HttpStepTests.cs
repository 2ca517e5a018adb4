using System.Globalization;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Rows;

/// <summary>What is asked of records, and what answers of every kind make of them.</summary>
public sealed class HttpStepTests
{
    /// <summary>One record of each kind: answered, unknown, faulty, without an answer, without a value to ask by.</summary>
    private const string Data = """
        {"id":1,"ip":"good","city":"sent"}
        {"id":2,"ip":"unknown","city":"sent"}
        {"id":3,"ip":"faulty","city":"sent"}
        {"id":4,"ip":"late","city":"sent"}
        {"id":5,"city":"sent"}
        """;

    [Theory]
    [InlineData(OnMissing.Reject, OnError.Reject, OnUnavailable.Reject, "", "",
        "1 Rome", "ip enrichment_missing <>", "ip enrichment_failed <no such ip>", "ip enrichment_timeout <>", "5 null")]
    [InlineData(OnMissing.Null, OnError.Null, OnUnavailable.Null, "0: 3", "4 0 EnrichmentTimeout", "1 Rome", "2 null", "3 null", "4 null", "5 null")]
    [InlineData(OnMissing.Keep, OnError.Reject, OnUnavailable.Reject, "0: 1", "",
        "1 Rome", "2 sent", "ip enrichment_failed <no such ip>", "ip enrichment_timeout <>", "5 sent")]
    public async Task A_record_becomes_what_is_said_of_its_answer(
        OnMissing missing, OnError onError, OnUnavailable unavailable, string counts, string gaps, params string[] results)
    {
        Asking asking = new(City() with { Missing = missing, OnError = onError, Unavailable = unavailable });

        Assert.Equal(results, await asking.RunAsync(Data));
        Assert.Equal(counts, asking.Counts);
        Assert.Equal(gaps, asking.Gaps);
        Assert.Equal(["""{"ip":"faulty"}""", """{"ip":"good"}""", """{"ip":"late"}""", """{"ip":"unknown"}"""], asking.Asked.Order());
    }

    /// <summary>Equal values are one question, whatever they look like, and names come in one order.</summary>
    [Fact]
    public async Task Equal_values_are_one_question()
    {
        Asking asking = new(City() with { Inputs = ["z", "a", "m"], Fields = ["amount", "at", "ip"] });

        await asking.RunAsync("""
            {"id":1,"amount":1.50,"at":"2024-02-29T12:00:00Z","ip":"é\n\u0000"}
            {"id":2,"amount":1.5,"at":"2024-02-29T13:00:00+01:00","ip":"é\n"}
            {"id":3,"amount":"1.500","at":"2024-02-29T12:00:00.000Z","ip":"é\n"}
            """);

        Assert.Equal(["""{"a":"2024-02-29T12:00:00Z","m":"é\n","z":1.5}"""], asking.Asked);
    }

    /// <summary>As the data itself would have them: what is not there is no value, and what does not fit is an error of the answer.</summary>
    [Theory]
    [InlineData("""{"n":"7","deep":{"at":"2024-02-29T00:00:00Z"}}""", "1 null 7 2024-02-29 00:00:00+00")]
    [InlineData("""{"n":7,"city":null}""", "1 null 7 null")]
    [InlineData("""{"n":"seven"}""", "ip enrichment_failed <{\"n\":\"seven\"}>")]
    [InlineData("""{"city":{"a":1}}""", "ip enrichment_failed <{\"city\":{\"a\":1}}>")]
    [InlineData("""{"city":"half \ud83d"}""", "ip enrichment_failed <{\"city\":\"half \\ud83d\"}>")]
    [InlineData("[1]", "1 null null null")]
    public async Task Values_of_answers_are_read_as_those_of_data(string output, string result)
    {
        Asking asking = new(new HttpOp
        {
            Service = "geo",
            Inputs = ["ip"],
            Fields = ["ip"],
            Pointers = ["/city", "n", "/deep/at"],
            Sets = [new SetField("city"), new SetField("n", FieldType.Integer), new SetField("at")],
        })
        {
            Answer = _ => new ServiceAnswer(RecordErrorCode.None, System.Text.Encoding.UTF8.GetBytes(output)),
            Shows = ["id", "city", "n", "at"],
        };

        Assert.Equal([result], await asking.RunAsync("""{"id":1,"ip":"x"}"""));
    }

    /// <summary>A gap belongs to a row: a record that a later op or its column rejects leaves none that counts, and steps behind see no value.</summary>
    [Fact]
    public async Task Ops_behind_it_compute_with_what_was_answered()
    {
        Asking asking = new(
            City(),
            new DeriveOp { Sets = [new SetField("loud")], Expression = "upper(city)" },
            new FilterOp { Expression = "city <> 'Rome' or id = 1" })
        {
            Shows = ["id", "loud"],
        };

        Assert.Equal(["1 ROME"], await asking.RunAsync("""
            {"id":1,"ip":"good"}
            {"id":2,"ip":"good"}
            """));
    }

    /// <summary>Once its answers are there, a record costs no allocation.</summary>
    [Fact]
    public async Task Allocates_nothing_for_a_record_that_is_answered()
    {
        Asking asking = new(City());
        StringBuilder data = new();
        for (int i = 0; i < 10_000; i++)
        {
            data.Append(CultureInfo.InvariantCulture, $$"""{"id":{{i}},"ip":"good"}""").Append('\n');
        }

        Assert.Equal(0, await asking.AllocatesAsync(data.ToString()));
    }

    private static HttpOp City() => new()
    {
        Service = "geo",
        Inputs = ["ip"],
        Fields = ["ip"],
        Pointers = ["/city"],
        Sets = [new SetField("city")],
    };

    private sealed class Asking
    {
        private static readonly FieldDefinition[] Fields =
        [
            new() { Name = "id", Type = FieldType.Integer }, new() { Name = "ip", Type = FieldType.String },
            new() { Name = "amount", Type = FieldType.Number }, new() { Name = "at", Type = FieldType.DateTime },
            new() { Name = "city", Type = FieldType.String },
        ];

        private readonly RowPlan _plan;
        private readonly TransformWorkspace _workspace = new();

        public Asking(params TransformOp[] ops)
        {
            DatasetDefinition definition = new()
            {
                Schema = new TableSchema { Fields = [.. Fields] },
                Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = false },
                Transforms = [.. ops],
            };
            _plan = new RowPlan(definition, RowSteps.Of(definition, _ => null));
        }

        public string[] Shows { get; init; } = ["id", "city"];

        public List<string> Asked { get; } = [];

        public Func<string, ServiceAnswer> Answer { get; init; } = input => input switch
        {
            """{"ip":"good"}""" => new ServiceAnswer(RecordErrorCode.None, """{"city":"Rome"}"""u8.ToArray()),
            """{"ip":"faulty"}""" => new ServiceAnswer(RecordErrorCode.EnrichmentFailed, Excerpt: "no such ip"),
            """{"ip":"late"}""" => new ServiceAnswer(RecordErrorCode.EnrichmentTimeout),
            _ => ServiceAnswer.Missing,
        };

        public string Counts => string.Join(", ", _plan.CountOps(_workspace.Ops).Select(op => $"{op.Index}: {op.Records}"));

        public string Gaps => string.Join(", ", _workspace.Gaps.Select(gap => $"{gap.Record} {gap.Op} {gap.Reason}"));

        public async Task<string[]> RunAsync(string data)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
            ChunkTransform transform = Transform();
            Assert.True(transform.Waits);
            ChunkAnswers? answers = await transform.AnswerAsync(bytes, new ChunkPosition(1, 1), _workspace, TestContext.Current.CancellationToken);
            transform.Run(bytes, new ChunkPosition(1, 1), _workspace, answers);
            IEnumerable<(long Record, string Text)> rows = _workspace.Rows.Marks.ToArray().Select((mark, row) => (mark.Record, string.Join(
                ' ', Shows.Select(name => Shown(row, name)))));
            IEnumerable<(long Record, string Text)> rejects = _workspace.Rejects.Rejects.ToArray().Select(
                reject => (reject.Record, string.Join("; ", _workspace.Rejects.ErrorsOf(reject).ToArray().Select(Shown))));
            return [.. rows.Concat(rejects).OrderBy(result => result.Record).Select(result => result.Text)];
        }

        public async Task<long> AllocatesAsync(string data)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
            ChunkTransform transform = Transform();
            ChunkAnswers? answers = await transform.AnswerAsync(bytes, new ChunkPosition(1, 1), _workspace, TestContext.Current.CancellationToken);
            transform.Run(bytes, new ChunkPosition(1, 1), _workspace, answers);
            Assert.Equal(10_000, _workspace.Rows.Count);
            return Allocations.Of(() => transform.Run(bytes, new ChunkPosition(1, 1), _workspace, answers));
        }

        private ChunkTransform Transform() => new(
            _plan,
            new NdjsonRecordReader(_plan.Definition.Schema),
            new JobFacts(Guid.Empty)
            {
                Answers = ExternalAnswers.None.With((use, inputs, _) =>
                {
                    Assert.Equal("geo", use.Service);
                    string[] asked = [.. inputs.Select(input => System.Text.Encoding.UTF8.GetString(input))];
                    Asked.AddRange(asked);
                    return Task.FromResult<IReadOnlyList<ServiceAnswer>>([.. asked.Select(Answer)]);
                }),
            });

        private string Shown(int row, string name)
        {
            int column = Enumerable.Range(0, _plan.Columns.Length).First(i => _plan.Columns[i].Field.Name == name);
            return StoredValue.Of(_workspace.Rows, row, column, _plan.Columns[column]).ToString().Trim('"');
        }

        private string Shown(RecordError error)
        {
            var reason = RecordReason.Of(error, _plan);
            return $"{reason.Field?.Name ?? "*"} {reason.Code} <{_workspace.Rejects.AnswerOf(error)}>";
        }
    }
}
