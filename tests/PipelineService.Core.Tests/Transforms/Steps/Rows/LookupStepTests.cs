using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Rows;

/// <summary>What a lookup makes of records: with all rows in memory, and with those that a chunk asks for.</summary>
public sealed class LookupStepTests
{
    private const string Data = """
        {"id":1,"zone":7,"name":"sent"}
        {"id":2,"zone":8,"name":"sent"}
        {"id":3,"zone":99,"name":"sent"}
        {"id":4,"name":"sent"}
        {"id":5,"zone":"soon","name":"sent"}
        """;

    [Theory]
    [InlineData(OnMissing.Reject, "zone lookup_missing op 0 inputs 1: Dataset \"zones\" has no row of this \"id\".", "null", "0")]
    [InlineData(OnMissing.Null, "3 99 null null", "null", "0: 1")]
    [InlineData(OnMissing.Keep, "3 99 \"sent\" null", "\"sent\"", "0: 1")]
    public async Task A_record_without_a_row_is_treated_as_is_said_and_one_without_a_key_lacks_nothing(
        OnMissing missing, string result, string ofNoKey, string counts)
    {
        Looking looking = new(Zone(missing, "name"));

        foreach (bool isInMemory in (bool[])[true, false])
        {
            Assert.Equal(
                ["1 7 \"Queens\" null", "2 8 null null", result, $"4 null {ofNoKey} null", "zone type_mismatch"],
                await looking.RunAsync(Data, isInMemory));
            Assert.Equal(counts == "0" ? "" : counts, looking.Counts);
        }
    }

    /// <summary>The types of both sides are the same, so an op behind it computes with what was looked up.</summary>
    [Fact]
    public async Task What_was_looked_up_is_computed_with_left_out_and_demanded()
    {
        Looking looking = new(
            Zone(OnMissing.Null, "name", "size"),
            new DeriveOp { Sets = [new SetField("twice", FieldType.Integer)], Expression = "size * 2" },
            new FilterOp { Expression = "size is null or size < 100" },
            new RequireOp { Expression = "name <> 'Bronx'", Code = "not_there" });

        Assert.Equal(
            ["1 7 \"Queens\" 5 10", "* not_there op 3 inputs 1: Does not hold: name <> 'Bronx'", "4 99 null null null"],
            await looking.RunAsync("""
                {"id":1,"zone":7}
                {"id":2,"zone":9}
                {"id":3,"zone":10}
                {"id":4,"zone":99}
                """));
    }

    /// <summary>The second asks with what the first has given; both ask for each thing once.</summary>
    [Fact]
    public async Task One_lookup_asks_with_what_the_one_before_has_given()
    {
        LookupOp second = new()
        {
            From = "names",
            Key = ["name"],
            Fields = ["name"],
            Sources = ["size"],
            Sets = [new SetField("size", FieldType.Integer)],
            Missing = OnMissing.Null,
        };
        Looking looking = new(Zone(OnMissing.Null, "name"), second);

        Assert.Equal(
            ["1 7 \"Queens\" 50", "2 7 \"Queens\" 50", "3 8 null null", "4 9 \"Bronx\" null"],
            await looking.RunAsync("""
                {"id":1,"zone":7}
                {"id":2,"zone":7}
                {"id":3,"zone":8}
                {"id":4,"zone":9}
                """, isInMemory: false));
        Assert.Equal([("zones", 3), ("names", 2)], looking.Asked);
    }

    /// <summary>A record that a step before leaves out or rejects asks nothing.</summary>
    [Fact]
    public async Task What_does_not_come_to_it_is_not_asked_for()
    {
        Looking looking = new(new FilterOp { Expression = "zone <> 8" }, Zone(OnMissing.Null, "name") with { Key = ["id"] });

        Assert.Equal(
            ["1 7 \"Queens\" null"],
            await looking.RunAsync("""
                {"id":1,"zone":7}
                {"id":2,"zone":8}
                """, isInMemory: false));
        Assert.Equal([("zones", 1)], looking.Asked);
    }

    [Fact]
    public void Equal_numbers_are_one_key_however_they_are_written()
    {
        LookupUse use = new(0, "prices", [new("price", Values.TypedKind.Number)], [new("id", Values.TypedKind.Integer)], HidesValues: false);
        LookupTable table = new(use);
        SentRows rows = new(table);
        rows.Add([Numeric("1.50"), Integer(1)]);
        rows.Add([Numeric("0.000"), Integer(2)]);
        rows.Add([Numeric("-1500000"), Integer(3)]);
        rows.Add([default, Integer(4)]);

        Assert.Equal(3, table.Count);
        Assert.True(Finds(1.5m) && Finds(1.5000m) && Finds(0m) && Finds(-0.0m) && Finds(-1_500_000.00m) && !Finds(1.51m));

        bool Finds(decimal number)
        {
            Span<byte> key = stackalloc byte[16];
            LookupKey.Write(Values.TypedValue.Of(number), key);
            return table.TryFind(key, out _, out _);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Allocates_nothing_for_a_record_when_its_rows_are_in_memory(int keys)
    {
        Looking looking = keys == 1
            ? new(Zone(OnMissing.Null, "name", "size"))
            : new(new LookupOp
            {
                From = "pairs",
                Key = ["id", "name"],
                Fields = ["zone", "name"],
                Sources = ["size"],
                Sets = [new SetField("size", FieldType.Integer)],
                Missing = OnMissing.Null,
            });
        StringBuilder data = new();
        for (int i = 0; i < 10_000; i++)
        {
            data.Append(CultureInfo.InvariantCulture, $$"""{"id":{{i}},"zone":{{i % 12}},"name":"Queens"}""").Append('\n');
        }

        Assert.Equal(0, await looking.AllocatesAsync(data.ToString()));
    }

    private static LookupOp Zone(OnMissing missing, params string[] sources) => new()
    {
        From = "zones",
        Key = ["id"],
        Fields = ["zone"],
        Sources = [.. sources],
        Sets = [.. sources.Select(name => name == "name" ? new SetField(name) : new SetField(name, FieldType.Integer))],
        Missing = missing,
    };

    private static ArraySegment<byte> Integer(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    private static ArraySegment<byte> Numeric(string text)
    {
        FieldDefinition field = new() { Name = "n", Type = FieldType.Number };
        RowBuffer rows = new();
        rows.BeginRow(1);
        new ColumnPlan(field, 0, []).Encode(System.Text.Encoding.UTF8.GetBytes(text), rows);
        rows.EndRow(1, 1, 0, 0);
        return StoredValue.Of(rows, 0, 0, new ColumnPlan(field, 0, [])).Bytes!;
    }

    private static ArraySegment<byte> Word(string? text) => text is null ? default : new ArraySegment<byte>(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Records with an id, a zone and a name, whose ops look zones, names and pairs up.</summary>
    private sealed class Looking
    {
        private static readonly FieldDefinition[] Fields =
        [
            new() { Name = "id", Type = FieldType.Integer }, new() { Name = "zone", Type = FieldType.Integer },
            new() { Name = "name", Type = FieldType.String },
        ];

        private readonly RowPlan _plan;
        private readonly TransformWorkspace _workspace = new();

        public Looking(params TransformOp[] ops)
        {
            bool setsSize = ops.OfType<LookupOp>().Any(op => op.Sets.Any(set => set.Name == "size"));
            DatasetDefinition definition = new()
            {
                Schema = new TableSchema { Fields = [.. Fields, .. setsSize ? (FieldDefinition[])[] : [new() { Name = "size", Type = FieldType.Integer }]] },
                Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = false },
                Transforms = [.. ops.Select(WithoutTypes)],
            };
            _plan = new RowPlan(definition, RowSteps.Of(definition, _ => null));
        }

        public List<(string Dataset, int Keys)> Asked { get; } = [];

        public string Counts => string.Join(", ", _plan.CountOps(_workspace.Ops).Select(op => $"{op.Index}: {op.Records}"));

        public async Task<string[]> RunAsync(string data, bool isInMemory = true)
        {
            ChunkTransform transform = Transform(isInMemory);
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
            Assert.Equal(!isInMemory, transform.Asks);
            ChunkAnswers? answers = await transform.AnswerAsync(bytes, new ChunkPosition(1, 1), _workspace, TestContext.Current.CancellationToken);
            transform.Run(bytes, new ChunkPosition(1, 1), _workspace, answers);
            IEnumerable<(long Record, string Text)> rows = _workspace.Rows.Marks.ToArray().Select((mark, row) => (mark.Record, string.Join(
                ' ', _plan.Columns.Select((column, i) => StoredValue.Of(_workspace.Rows, row, i, column).ToString()))));
            IEnumerable<(long Record, string Text)> rejects = _workspace.Rejects.Rejects.ToArray().Select(
                reject => (reject.Record, string.Join("; ", _workspace.Rejects.ErrorsOf(reject).ToArray().Select(Shown))));
            return [.. rows.Concat(rejects).OrderBy(result => result.Record).Select(result => result.Text)];
        }

        public async Task<long> AllocatesAsync(string data)
        {
            ChunkTransform transform = Transform(isInMemory: true);
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(data);
            Assert.Null(await transform.AnswerAsync(bytes, new ChunkPosition(1, 1), _workspace, TestContext.Current.CancellationToken));
            transform.Run(bytes, new ChunkPosition(1, 1), _workspace);
            Assert.Equal(10_000, _workspace.Rows.Count);
            return Allocations.Of(() => transform.Run(bytes, new ChunkPosition(1, 1), _workspace));
        }

        private ChunkTransform Transform(bool isInMemory)
        {
            ExternalAnswers answers = new(
                isInMemory ? _plan.Lookups.ToImmutableDictionary(use => use.Op, TableOf) : ImmutableDictionary<int, LookupTable>.Empty,
                (use, questions, _) =>
                {
                    Asked.Add((use.Dataset, questions.Count));
                    return Task.FromResult(TableOf(use));
                });
            return new ChunkTransform(
                _plan, new NdjsonRecordReader(_plan.Definition.Schema), new JobFacts(Guid.Empty) { Answers = answers });
        }

        private static LookupTable TableOf(LookupUse use)
        {
            LookupTable table = new(use);
            SentRows rows = new(table);
            foreach ((long id, string? name, long size) in ((long, string?, long)[])[(7, "Queens", 5), (8, null, 6), (9, "Bronx", 7), (10, "Kings", 100)])
            {
                IEnumerable<ArraySegment<byte>> columns = use.Columns.Select(column => column.Name switch
                {
                    "id" => Integer(id),
                    "size" => Integer(use.Dataset == "names" ? size * 10 : size),
                    _ => Word(name),
                });
                if (use.Dataset != "names" || name != "Bronx")
                {
                    rows.Add([.. columns]);
                }
            }

            return table;
        }

        /// <summary>A field of the schema says its type itself.</summary>
        private static TransformOp WithoutTypes(TransformOp op) => op is LookupOp lookup
            ? lookup with { Sets = [.. lookup.Sets.Select(set => set.Name == "name" ? new SetField("name") : set)] }
            : op;

        private string Shown(Core.Rules.RecordError error)
        {
            var reason = RecordReason.Of(error, _plan);
            string op = error.Op is int index ? $" op {index} inputs {string.Join(',', _plan.Steps[index].Inputs)}: {reason.Message}" : "";
            return $"{reason.Field?.Name ?? "*"} {reason.Code}{op}";
        }
    }
}
