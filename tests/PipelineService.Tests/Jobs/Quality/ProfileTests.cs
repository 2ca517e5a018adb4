using System.Globalization;
using System.Net;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Core.Profiles;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Quality;

/// <summary>What is told of the rows of a job is what the table says of them.</summary>
public sealed class ProfileTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """
        { "name": "id", "type": "integer", "constraints": { "minimum": 1 } }, { "name": "name", "type": "string" },
        { "name": "amount", "type": "number" }, { "name": "day", "type": "date" }
        """;

    private const string Profiled = """, "profile": true""";

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task Says_of_the_rows_that_landed_what_the_table_says(string commit)
    {
        string table = $"profiled_{commit}";
        await service.DeclareAsync(table, Fields, commit, rest: Profiled);
        await service.Database.ExecuteAsync($"CREATE UNIQUE INDEX ON {table} (id)");
        StringBuilder csv = new("id,name,amount,day\n");
        for (int i = 1; i <= 2_000; i++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{i},n{i % 7},{(i % 100) - 3}.{i % 10},2026-01-{1 + (i % 28):D2}\n");
        }

        csv.Append("0,refused by a rule,1,\n7,refused by the table,-500000,1999-01-01\n2001,,,\n");
        JobView job = await service.LoadAsync(table, csv.ToString());
        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(2_003, 2_001, 2, 0)), (job.State, job.Records));

        ProfileView profile = await ProfileOfAsync(job.Id);

        Assert.Equal((job.Id, table, 2_001L, 1d), (profile.Job, profile.Dataset, profile.Rows, profile.Coverage));
        Assert.Equal(["id", "name", "amount", "day"], profile.Columns.Select(column => column.Name));
        string[] exact = await service.RowsAsync($"""
            SELECT concat_ws('|', count(id), count(name), count(amount), count(day), min(id), max(id), sum(id), min(name), max(name),
                             sum(length(name)), min(amount), max(amount), trim_scale(sum(amount)), min(day), max(day)) FROM {table}
            """);
        (ColumnSummary id, ColumnSummary name, ColumnSummary amount, ColumnSummary day) =
            (profile.Columns[0], profile.Columns[1], profile.Columns[2], profile.Columns[3]);
        object?[] told =
        [
            id.Values, name.Values, amount.Values, day.Values, id.Min, id.Max, id.Sum, name.Min, name.Max, name.Lengths!.Sum, amount.Min,
            amount.Max, amount.Sum, day.Min, day.Max,
        ];
        Assert.Equal(Assert.Single(exact), string.Join('|', told));
        Assert.Equal((7L, 28L, 1L), (name.Distinct, day.Distinct, name.Nulls));
        Assert.Equal(new RejectedValues("minimum", 1), Assert.Single(id.Rejects, reject => reject.Code == "minimum"));
        Assert.Equal(7, name.Top!.Values.Count);
        Assert.Equal(0, await service.Database.ScalarAsync<long>("SELECT count(*) FROM pipeline.job_profile_parts"));
    }

    [Fact]
    public async Task Says_nothing_where_nobody_asks()
    {
        await service.DeclareAsync("unprofiled", Fields);
        JobView job = await service.LoadAsync("unprofiled", "id,name,amount,day\n1,a,,\n");
        ApiAnswer answer = await service.Api.GetAsync($"/v1/jobs/{job.Id}/profile");
        Assert.Equal((HttpStatusCode.Conflict, "no_profile"), (answer.Status, answer.Problem.Code));
        Assert.Equal(HttpStatusCode.NotFound, (await service.Api.GetAsync($"/v1/jobs/{Guid.NewGuid()}/profile")).Status);
        Assert.Equal(
            0, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.quality_figures WHERE job_id = '{job.Id}'"));
        Assert.Null(job.Quality);
    }

    /// <summary>Rows that wait for others of their job count when they land.</summary>
    [Fact]
    public async Task Counts_rows_that_land_in_the_end()
    {
        await service.Database.ExecuteAsync(
            "CREATE TABLE tree (id bigint PRIMARY KEY, parent bigint REFERENCES tree, _job_id uuid, _record bigint)");
        await service.DeclareAsync(
            "tree",
            """{ "name": "id", "type": "integer", "constraints": { "required": true } }, { "name": "parent", "type": "integer" }""",
            rest: Profiled);
        string children = string.Concat(Enumerable.Range(2, 1_500).Select(i => $"{i},1\n"));
        JobView job = await service.LoadAsync("tree", $"id,parent\n{children}1,\n9000,8000\n");
        Assert.Equal(new RecordsView(1_502, 1_501, 1, 0), job.Records);

        ProfileView profile = await ProfileOfAsync(job.Id);

        Assert.Equal((1_501L, 1d, "1"), (profile.Rows, profile.Coverage, profile.Columns[1].Max));
        Assert.Equal(("1", "1501"), (profile.Columns[0].Min, profile.Columns[0].Max));
    }

    [Fact]
    public async Task Shows_no_value_of_a_column_with_personal_data()
    {
        await service.DeclareAsync(
            "personal", Fields,
            rest: Profiled + """, "transforms": [ { "op": "hash", "fields": ["name"], "algorithm": "sha256", "pii": true } ]""");
        JobView job = await service.LoadAsync("personal", "id,name,amount,day\n1,somebody,,\n2,somebody,,\n");

        ApiAnswer answer = await service.Api.GetAsync($"/v1/jobs/{job.Id}/profile");

        ColumnSummary name = answer.Read<ProfileView>().Columns[1];
        Assert.Equal((true, 2L, 1L, null, null), (name.Hidden, name.Values, name.Distinct, name.Min, name.Top));
        string stored = (await service.RowsAsync("SELECT _job_id::text || name FROM personal LIMIT 1"))[0][36..];
        foreach (string said in await service.RowsAsync(
            "SELECT profile::text FROM pipeline.job_profiles UNION ALL SELECT figures::text FROM pipeline.quality_figures"))
        {
            Assert.DoesNotContain(stored, said, StringComparison.Ordinal);
        }
    }

    private async Task<ProfileView> ProfileOfAsync(Guid job)
    {
        ApiAnswer answer = await service.Api.GetAsync($"/v1/jobs/{job}/profile");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Read<ProfileView>();
    }
}
