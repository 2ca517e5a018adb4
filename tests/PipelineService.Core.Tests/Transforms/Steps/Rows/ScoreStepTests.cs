using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Scoring;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Rows;

/// <summary>What becomes of records that a model scores, with a model of ours in its place: it gives the sum of two numbers.</summary>
public sealed class ScoreStepTests
{
    /// <summary>Of a chunk that takes several blocks of the model.</summary>
    private const int Records = 3_000;

    private const string Data = """
        {"id":1,"a":1.5,"b":2}
        {"id":2,"a":2}
        {"id":3,"a":"soon","b":1}
        {"id":4,"a":1000,"b":0}
        {"id":5,"a":-1,"b":-1}
        {"id":6,"a":100000000000000000000000000000000,"b":1}
        {"id":7,"a":7,"b":7}
        """;

    [Theory]
    [InlineData(OnError.Reject, "b score_input_missing op 0 inputs 1,2", "risk score_not_finite op 0 inputs 1,2", "risk score_failed op 0 inputs 1,2", "a score_input_too_large op 0 inputs 1,2", "")]
    [InlineData(OnError.Null, "2 2 null null", "4 1000 0 null", "5 -1 -1 null", "6 100000000000000000000000000000000 1 null", "0: 4")]
    public async Task A_record_without_a_score_is_treated_as_is_said_and_costs_no_other(
        OnError onError, string missing, string notFinite, string failed, string tooLarge, string counts)
    {
        foreach (int capacity in (int[])[1, 2, 3, 8])
        {
            Scoring scoring = new(capacity, Sum(onError));

            Assert.Equal(
                ["1 1.5 2 3.5", missing, "a type_mismatch", notFinite, failed, tooLarge, "7 7 7 14"], await scoring.RunAsync(Data));
            Assert.Equal(counts, scoring.Counts);
        }
    }

    [Fact]
    public async Task A_default_stands_for_what_is_missing() => Assert.Equal(
        ["1 1.5 2 3.5", "2 2 null 12"],
        await new Scoring(8, Sum(OnError.Reject) with { Defaults = [("b", 10d)] }).RunAsync("""
            {"id":1,"a":1.5,"b":2}
            {"id":2,"a":2}
            """));

    /// <summary>A record that a step before leaves out is not asked about, and neither is one that a demand before refuses.</summary>
    [Fact]
    public async Task What_does_not_come_to_it_is_not_scored_and_what_is_computed_behind_it_is()
    {
        Scoring scoring = new(
            2,
            new FilterOp { Expression = "id <> 2" },
            new RequireOp { Expression = "id <> 3", Code = "not_three" },
            Sum(OnError.Reject),
            new RequireOp { Expression = "risk < 100", Code = "too_risky" },
            new DeriveOp { Sets = [new SetField("twice", FieldType.Number)], Expression = "risk * 2" });

        Assert.Equal(
            ["1 1 2 3 6", "* not_three op 1 inputs 0", "4 4 4 8 16", "* too_risky op 3 inputs 1,2"],
            await scoring.RunAsync("""
                {"id":1,"a":1,"b":2}
                {"id":2,"a":1,"b":2}
                {"id":3,"a":1,"b":2}
                {"id":4,"a":4,"b":4}
                {"id":5,"a":60,"b":60}
                """));
        Assert.Equal(3, scoring.Scored);
    }

    [Fact]
    public async Task One_score_may_need_another() => Assert.Equal(
        ["1 1 2 3 5"],
        await new Scoring(
            4, Sum(OnError.Reject), Sum(OnError.Reject) with { Fields = ["risk", "b"], Sets = [new SetField("twice", FieldType.Number)] })
            .RunAsync("""{"id":1,"a":1,"b":2}"""));

    [Fact]
    public async Task Allocates_nothing_for_a_record()
    {
        StringBuilder data = new();
        for (int i = 0; i < Records; i++)
        {
            data.Append(CultureInfo.InvariantCulture, $$"""{"id":{{i}},"a":{{i}}.25,"b":7}""").Append('\n');
        }

        // What a chunk takes, whatever is in it.
        Assert.InRange(await new Scoring(1_024, Sum(OnError.Reject)).AllocatesAsync(data.ToString()), 0, 2_000);
    }

    private static ScoreOp Sum(OnError onError) => new()
    {
        Model = "sum",
        Inputs = [new ScoreOpInput("x", IsList: true, 2)],
        Fields = ["a", "b"],
        Outputs = ["y"],
        Sets = [new SetField("risk", FieldType.Number)],
        OnError = onError,
    };

    private sealed class Scoring
    {
        private static readonly ModelSignature Signature = new(
            [new ModelTensor("x", TensorKind.Float, 2, IsFlat: false)], [new ModelTensor("y", TensorKind.Float, 1, IsFlat: false)], []);

        private readonly RowPlan _plan;
        private readonly TransformWorkspace _workspace = new();
        private readonly ChunkTransform _transform;
        private readonly ImmutableDictionary<int, ScoreModel> _models;

        public Scoring(int capacity, params TransformOp[] ops)
        {
            DatasetDefinition definition = new()
            {
                Schema = new TableSchema
                {
                    Fields =
                    [
                        new() { Name = "id", Type = FieldType.Integer }, new() { Name = "a", Type = FieldType.Number },
                        new() { Name = "b", Type = FieldType.Number },
                    ],
                },
                Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = false },
                Transforms = [.. ops],
            };
            _plan = new RowPlan(definition, RowSteps.Of(definition, _ => null));
            _models = _plan.Scores.ToImmutableDictionary(
                use => use.Op, ScoreModel (use) => new Adder(ScoreFit.Of(Signature, use, (_, _) => "", out _)!, capacity));
            _transform = new ChunkTransform(
                _plan, new NdjsonRecordReader(definition.Schema), new JobFacts(Guid.Empty) { Answers = ExternalAnswers.None.With(_models) });
        }

        public int Scored => _models.Values.Cast<Adder>().Sum(model => model.Scored);

        public string Counts => string.Join(", ", _plan.CountOps(_workspace.Ops).Select(op => $"{op.Index}: {op.Records}"));

        public async Task<string[]> RunAsync(string data)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
            ChunkAnswers? answers = await AnswerAsync(bytes);
            _transform.Run(bytes, new ChunkPosition(1, 1), _workspace, answers);
            IEnumerable<(long Record, string Text)> rows = _workspace.Rows.Marks.ToArray().Select((mark, row) => (mark.Record, string.Join(
                ' ', _plan.Columns.Select((column, i) => StoredValue.Of(_workspace.Rows, row, i, column).ToString()))));
            IEnumerable<(long Record, string Text)> rejects = _workspace.Rejects.Rejects.ToArray().Select(
                reject => (reject.Record, string.Join("; ", _workspace.Rejects.ErrorsOf(reject).ToArray().Select(Shown))));
            return [.. rows.Concat(rejects).OrderBy(result => result.Record).Select(result => result.Text)];
        }

        public async Task<long> AllocatesAsync(string data)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
            await RunAsync(data);
            Assert.Equal(Records, _workspace.Rows.Count);
            return Allocations.Of(() =>
            {
                ValueTask<ChunkAnswers?> answers = AnswerAsync(bytes);
                Assert.True(answers.IsCompleted);
                _transform.Run(bytes, new ChunkPosition(1, 1), _workspace, answers.Result);
            });
        }

        private ValueTask<ChunkAnswers?> AnswerAsync(byte[] bytes) =>
            _transform.AnswerAsync(bytes, new ChunkPosition(1, 1), _workspace, TestContext.Current.CancellationToken);

        private string Shown(Core.Rules.RecordError error)
        {
            var reason = RecordReason.Of(error, _plan);
            return $"{reason.Field?.Name ?? "*"} {reason.Code}{(error.Op is int op ? $" op {op} inputs {string.Join(',', _plan.Steps[op].Inputs)}" : "")}";
        }
    }

    /// <summary>Adds two numbers. It cannot take negative ones, and gives no number for a thousand.</summary>
    private sealed class Adder(ScoreLayout layout, int capacity) : ScoreModel
    {
        private Block? _block;

        public int Scored { get; set; }

        public override ScoreLayout Layout => layout;

        public override ScoreBlock Rent() => _block ??= new Block(this, capacity);

        public override void Return(ScoreBlock block)
        {
        }

        private sealed class Block(Adder model, int capacity) : ScoreBlock
        {
            private readonly byte[] _input = new byte[capacity * 8];
            private readonly byte[] _output = new byte[capacity * 4];
            private byte[] _saved = [];

            public override int Capacity => capacity;

            public override ImmutableArray<byte[]> Inputs => field.IsDefault ? field = [_input] : field;

            public override ImmutableArray<byte[]> Outputs => field.IsDefault ? field = [_output] : field;

            public override bool TryRun(int rows)
            {
                Span<float> x = MemoryMarshal.Cast<byte, float>(_input.AsSpan());
                Span<float> y = MemoryMarshal.Cast<byte, float>(_output.AsSpan());
                for (int i = 0; i < rows; i++)
                {
                    if (x[2 * i] < 0)
                    {
                        return false;
                    }

                    y[i] = x[2 * i] == 1_000 ? float.PositiveInfinity : x[2 * i] + x[(2 * i) + 1];
                }

                model.Scored += rows;
                return true;
            }

            public override void Save(int rows) => _saved = [.. _input];

            public override void Restore(int start, int rows) => _saved.AsSpan(start * 8, rows * 8).CopyTo(_input);

            public override void SetText(int input, int place, ReadOnlySpan<byte> text) => throw new NotSupportedException();

            public override ReadOnlySpan<byte> TextOf(int output, int place) => throw new NotSupportedException();
        }
    }
}
