using System.Globalization;
using System.Net;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Datasets.Models;
using PipelineService.Tests.Infrastructure;
using static PipelineService.Tests.Infrastructure.OnnxWriter;

namespace PipelineService.Tests.Transform.Enrichment;

/// <summary>Datasets whose records a model scores, from their declaration to rows, counts and dead letters.</summary>
public sealed class ScoreTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "fare", "type": "number" }, { "name": "km", "type": "number" }""";

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task Records_take_what_the_model_gives_for_them(string commit)
    {
        await PutAsync("fares", Linear(1, [2, 0.5f], ("feature_names", "amount,distance")));
        await service.DeclareAsync($"rides_{commit}", Fields, commit, rest: """
            , "transforms": [
              { "op": "filter", "expression": "id <> 7" },
              { "op": "score", "model": "fares", "inputs": { "amount": "fare", "distance": "km" }, "set": { "risk": "y" }, "name": "risk" },
              { "op": "derive", "field": "twice", "type": "number", "expression": "risk * 2" } ],
            "tests": [ { "record": { "id": 1, "fare": 2, "km": 4 }, "row": { "risk": 7, "twice": 14 } },
                       { "record": { "id": 1, "fare": 2 }, "rejected": "score_input_missing" } ]
            """);

        // More than a chunk, which has 4 KiB.
        StringBuilder data = new("id,fare,km\n1,2,4\n2,0.1,0\n3,,1\n4,x,1\n5,1e27,1\n7,0,0\n");
        for (int id = 10; id < 1_000; id++)
        {
            data.Append(CultureInfo.InvariantCulture, $"{id},{id}.25,{id % 7}\n");
        }

        JobView job = await service.LoadAsync($"rides_{commit}", data.ToString());

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(996, 993, 2, 1)), (job.State, job.Records));
        Assert.Equal(
            ["1 7 14", "2 1.2 2.4"], await service.RowsAsync($"SELECT concat_ws(' ', id, risk, twice) FROM rides_{commit} WHERE id < 5 ORDER BY id"));
        Assert.Equal(
            ["990"], await service.RowsAsync($"SELECT count(*)::text FROM rides_{commit} WHERE id >= 10 AND risk = 1 + 2 * fare + 0.5 * km AND twice = 2 * risk"));
        Assert.Equal(
            ["3 fare score_input_missing 1", "4 fare type_mismatch ~"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', record, e->>'field', e->>'code', coalesce(e->>'op', '~'))
                FROM pipeline.dead_letters, jsonb_array_elements(errors) e WHERE job_id = '{job.Id}' ORDER BY record
                """));
        Assert.Equal(1, job.Models!["fares"]);
        Assert.Null(job.Lookups);
    }

    [Fact]
    public async Task Everything_that_models_take_and_give_is_taken_and_given()
    {
        await PutAsync("several", OnnxTrialTests.Several());
        await service.DeclareAsync("several_rows", """
            { "name": "id", "type": "integer" }, { "name": "a", "type": "number", "sqlType": "double precision" }, { "name": "b", "type": "integer" },
            { "name": "c", "type": "string" }, { "name": "d", "type": "boolean" }, { "name": "e", "type": "integer" }
            """, rest: """
            , "transforms": [ { "op": "score", "model": "several@1",
                "inputs": { "a": ["a"], "b": "b", "c": "c", "d": "d", "e": "e" }, "defaults": { "c": "none", "d": true, "b": -1 }, "onError": "null",
                "set": { "y": "y", "z": "z", "s": "s[0]", "t": "t", "u": "u" } } ]
            """);

        JobView job = await service.LoadAsync("several_rows", "id,a,b,c,d,e\n1,0.125,9007199254740993,Zürich,false,7\n2,-1,,,,0\n3,1,1,x,true,3000000000\n");

        Assert.Equal((JobState.Succeeded, 3), (job.State, job.Records.Loaded));
        Assert.Equal(
            ["1 -0.125 9007199254740993 Zürich t 7", "2 1 -1 none f 0", "3 ~ ~ ~ ~ ~"],
            await service.RowsAsync("""
                SELECT concat_ws(' ', id, coalesce(y::text, '~'), coalesce(z::text, '~'), coalesce(s, '~'), coalesce(left(t::text, 1), '~'), coalesce(u::text, '~'))
                FROM several_rows ORDER BY id
                """));
        Assert.Equal(new TransformView(0, "score", null, 1), Assert.Single(job.Transforms));
        Assert.Equal(
            ["number numeric", "bigint", "text", "boolean"],
            await service.RowsAsync("""
                SELECT replace(format_type(atttypid, atttypmod), 'numeric', 'number numeric') FROM pg_attribute
                WHERE attrelid = 'several_rows'::regclass AND attname IN ('y', 'z', 's', 't') ORDER BY attnum
                """));
    }

    /// <summary>
    /// One record that the model cannot take, or for which it gives no number, costs itself: here a division by zero, and a place outside of
    /// a table.
    /// </summary>
    [Theory]
    [InlineData("reject", "2 score_not_finite risk;3 score_failed risk", 998)]
    [InlineData("null", "", 1_000)]
    public async Task A_record_without_a_score_costs_itself(string onError, string letters, long loaded)
    {
        await PutAsync("inverse", Model(Graph(
            [
                Node("Gather", ["t", "i"], ["g"]), Node("Div", ["g", "x"], ["y"]),
            ],
            [Value("x", OfFloat, -1), Value("i", OfInt64, -1)],
            [Value("y", OfFloat, -1)],
            Constant("t", [3], 1f, 2f, 3f))));
        await service.DeclareAsync($"inverse_{onError}", """{ "name": "id", "type": "integer" }, { "name": "x", "type": "number" }, { "name": "i", "type": "integer" }""", rest: $$"""
            , "transforms": [ { "op": "score", "model": "inverse", "inputs": { "x": "x", "i": "i" }, "set": { "risk": "y" }, "onError": "{{onError}}" } ]
            """);
        StringBuilder data = new("id,x,i\n1,4,0\n2,0,1\n3,1,99\n");
        for (int id = 4; id <= 1_000; id++)
        {
            data.Append(CultureInfo.InvariantCulture, $"{id},8,{id % 3}\n");
        }

        JobView job = await service.LoadAsync($"inverse_{onError}", data.ToString());

        Assert.Equal(loaded, job.Records.Loaded);
        Assert.Equal(
            letters.Split(';', StringSplitOptions.RemoveEmptyEntries),
            await service.RowsAsync($"""
                SELECT concat_ws(' ', record, e->>'code', e->>'field')
                FROM pipeline.dead_letters, jsonb_array_elements(errors) e WHERE job_id = '{job.Id}' ORDER BY record
                """));
        Assert.Equal(
            ["998"], await service.RowsAsync($"SELECT count(*)::text FROM inverse_{onError} WHERE risk = (i + 1) / nullif(x, 0)"));
        Assert.Equal(onError == "null" ? 2 : 0, job.Transforms.Sum(op => op.Records));
    }

    [Theory]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "x": ["fare", "km"] }, "set": { "risk": "y" } }""", "")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "x": ["fare"] }, "set": { "risk": "y" } }""", "/transforms/0/inputs/x: \"x\" (float [N, 2]) takes 2 values a record, and 1 are given: list the fields in the order of the model's features.")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "amount": "fare" }, "set": { "risk": "y" } }""", "/transforms/0/inputs: Lacks \"distance\": the model needs a field for each, or a value under \"defaults\" that stands for all records.")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "amount": "fare" }, "defaults": { "distance": "NaN", "fare": 0 }, "set": { "risk": "y" } }""", "")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "amout": "fare", "distance": "km" }, "set": { "risk": "y" } }""", "/transforms/0/inputs/amout: The model has no input \"amout\". Did you mean \"amount\"? It takes \"x\" (float [N, 2]), with the features amount, distance.")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "amount": "fair", "distance": "km" }, "set": { "risk": "y" } }""", "/transforms/0/inputs/amount: \"fair\" is not the name of a field here.")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "amount": "day", "distance": "km" }, "set": { "risk": "y" } }""", "/transforms/0/inputs/amount: \"x\" (float [N, 2]) takes no values of \"day\", which is a date or a time: derive a field that does before this op.")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "x": ["fare", "km"] }, "set": { "risk": "z" } }""", "/transforms/0/set/risk: The model has no output \"z\". Did you mean \"y\"? It has \"y\" (float [N, 1]).")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "x": ["fare", "km"] }, "set": { "day": "y" } }""", "/transforms/0/set/day: \"y\" (float [N, 1]) gives no value that \"day\" can take, which is a date or a time.")]
    [InlineData("""{ "op": "score", "model": "fit", "inputs": { "x": ["fare", "km"] }, "defaults": { "fare": "much", "kn": 1 }, "set": { "risk": "y" } }""", "/transforms/0/defaults/fare: \"x\" (float [N, 2]) takes a number, or \"NaN\" where the model knows that as a missing value.|/transforms/0/defaults/kn: \"kn\" is neither an input or a feature of the model nor a field that is given to it. Did you mean \"km\"?")]
    [InlineData("""{ "op": "score", "model": "fits", "inputs": { "x": ["fare", "km"] }, "set": { "risk": "y" } }""", "/transforms/0/model: There is no model \"fits\": send it with PUT /v1/models/fits first. Did you mean \"fit\"?")]
    [InlineData("""{ "op": "score", "model": "fit@9", "inputs": { "x": ["fare", "km"] }, "set": { "risk": "y" } }""", "/transforms/0/model: Model \"fit\" has no version 9: GET /v1/models/fit lists them.")]
    [InlineData("""{ "op": "score", "model": "fit", "onErrors": "null" }""", "/transforms/0/inputs: Is missing|/transforms/0/set: Is missing|/transforms/0/onErrors: \"onErrors\" is not a known property")]
    [InlineData("""{ "op": "predict", "model": "fit" }""", "/transforms/0/op: \"predict\" is not an op. Did you mean \"score\"?")]
    public async Task A_definition_that_does_not_fit_the_model_is_refused(string op, string faults)
    {
        await PutAsync("fit", Linear(1, [2, 0.5f], ("feature_names", "amount,distance")));
        using StringContent body = new(
            $$"""{ "schema": { "fields": [ {{Fields}}, { "name": "day", "type": "date" } ] }, "transforms": [ {{op}} ] }""", Encoding.UTF8, "application/json");

        ApiAnswer answer = await service.Api.PutAsync($"/v1/datasets/fit_{Math.Abs(op.GetHashCode(StringComparison.Ordinal))}", body);

        if (faults.Length == 0)
        {
            Assert.True(answer.Status is HttpStatusCode.Created, answer.Body);
            return;
        }

        Assert.Equal("invalid_definition", answer.Problem.Code);
        string[] found = [.. answer.Problem.Errors!.SelectMany(e => e.Value.Select(message => $"{e.Key}: {message}"))];
        Assert.All(faults.Split('|'), fault => Assert.Contains(found, message => message.StartsWith(fault, StringComparison.Ordinal)));
        Assert.Equal(faults.Split('|').Length, found.Length);
    }

    /// <summary>What it means with types filled in can be sent back, and means the same.</summary>
    [Fact]
    public async Task A_definition_comes_back_as_it_can_be_sent()
    {
        await PutAsync("back", Linear(1, [2, 0.5f]));
        await service.DeclareAsync("back", Fields, rest: """
            , "transforms": [ { "op": "score", "model": "back", "inputs": { "x": ["fare", "km"] }, "defaults": { "km": 1.5 }, "set": { "risk": "y" },
                                "into": [ { "name": "risk", "type": "number", "sqlType": "double precision" } ] } ]
            """);
        ApiAnswer first = await service.Api.GetAsync("/v1/datasets/back");
        using StringContent body = new(first.Body, Encoding.UTF8, "application/json");

        ApiAnswer again = await service.Api.PutAsync("/v1/datasets/back", body);

        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Equal("\"1\"", again["ETag"]);
        Assert.Equal(["0.3333333432674408"], await RiskAsync());

        async Task<string[]> RiskAsync()
        {
            await PutAsync("back", Linear(1 / 3f, [0, 0]));
            await service.LoadAsync("back", "id,fare,km\n1,1,\n");
            return await service.RowsAsync("SELECT risk::text FROM back");
        }
    }

    /// <summary>A newer version that takes something else ends jobs with the reason, where the definition follows the newest.</summary>
    [Fact]
    public async Task A_version_of_another_form_ends_the_job()
    {
        await PutAsync("formed", Linear(1, [2, 0.5f]));
        await service.DeclareAsync("formed", Fields, rest: """
            , "transforms": [ { "op": "score", "model": "formed", "inputs": { "x": ["fare", "km"] }, "set": { "risk": "y" } } ]
            """);
        await PutAsync("formed", Linear(1, [2]));

        JobView job = await service.LoadAsync("formed", "id,fare,km\n1,2,3\n");

        Assert.Equal((JobState.Failed, "model_changed"), (job.State, job.Error!.Code));
        Assert.Contains("takes 1 values a record", job.Error.Detail, StringComparison.Ordinal);
    }

    private async Task PutAsync(string name, byte[] file)
    {
        using ByteArrayContent body = new(file);
        body.Headers.TryAddWithoutValidation("Content-Type", "application/octet-stream");
        ApiAnswer answer = await service.Api.PutAsync($"/v1/models/{name}", body);
        Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.OK, answer.Body);
    }
}
