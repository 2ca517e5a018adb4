using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Targets;

/// <summary>
/// Views take rows by INSERT, which tells how many landed: where a trigger takes them, and where PostgreSQL knows the way.
/// </summary>
public sealed class TargetViewTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "v", "type": "string" }""";

    private static int _tables;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task A_trigger_takes_the_rows_and_what_it_lets_fall_is_counted(string commit)
    {
        string view = await CreateAsync("SELECT id, upper(v) AS v, _job_id, _record FROM {0}_behind");
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {view}_instead() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.v = 'fall' THEN RETURN NULL; END IF;
                INSERT INTO {view}_behind VALUES (NEW.id, NEW.v || '!', NEW._job_id, NEW._record);
                RETURN NEW;
            END $$;
            CREATE TRIGGER instead INSTEAD OF INSERT ON {view} FOR EACH ROW EXECUTE FUNCTION {view}_instead()
            """);
        await service.DeclareAsync(view, Fields, commit);

        JobView good = await service.LoadAsync(view, "id,v\n1,a\n2,fall\n3,b\n");
        JobView bad = await service.LoadAsync(view, "id,v\n4,c\n1,d\n5,fall\n0,e\n6,f\n");

        Assert.Equal((JobState.Succeeded, new RecordsView(3, 2, 0, 1)), (good.State, good.Records));
        Assert.Equal(new RecordsView(5, 2, 2, 1), bad.Records);
        Assert.Equal(["2:3 unique * 1,d", "4:5 check * 0,e"], await service.DeadLettersAsync(bad));
        Assert.Equal(["1 a!", "3 b!", "4 c!", "6 f!"], await RowsAsync(view));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_view_of_one_table_needs_no_trigger(string commit)
    {
        string view = await CreateAsync("SELECT v, id, _job_id, _record FROM {0}_behind WHERE id < 5000 WITH CHECK OPTION");
        await service.DeclareAsync(view, Fields, commit);
        await service.LoadAsync(view, "id,v\n1,a\n");

        JobView job = await service.LoadAsync(
            view, "id,v\n2,b\n1,c\n6000,d\n3,e\n" + string.Concat(Enumerable.Range(1_000, 1_000).Select(i => $"{i},some\n")));

        Assert.Equal(new RecordsView(1_004, 1_002, 2, 0), job.Records);
        Assert.Equal(["2:3 unique * 1,c", "3:4 check * 6000,d"], await service.DeadLettersAsync(job));
        Assert.Equal(1_002, (await service.Api.RevertAsync(job.Id)).Read<RevertView>().RowsRemoved);
        Assert.Equal(["1 a"], await RowsAsync(view));
    }

    /// <summary>The rows of a revert go by way of the view, too; where there is no such way, it says so.</summary>
    [Fact]
    public async Task A_revert_by_a_view_that_deletes_nothing_tells_why()
    {
        string view = await CreateAsync("SELECT DISTINCT id, v, _job_id, _record FROM {0}_behind");
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {view}_instead() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO {view}_behind VALUES (NEW.id, NEW.v, NEW._job_id, NEW._record); RETURN NEW; END $$;
            CREATE TRIGGER instead INSTEAD OF INSERT ON {view} FOR EACH ROW EXECUTE FUNCTION {view}_instead()
            """);
        await service.DeclareAsync(view, Fields);
        JobView job = await service.LoadAsync(view, "id,v\n1,a\n");

        ApiAnswer answer = await service.Api.RevertAsync(job.Id);

        Assert.Equal("revert_refused", answer.Problem.Code);
        Assert.Contains("cannot delete from view", answer.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(["1 a"], await RowsAsync(view));
    }

    [Fact]
    public async Task A_view_that_lost_its_trigger_fails_the_job()
    {
        string view = await CreateAsync("SELECT DISTINCT id, v, _job_id, _record FROM {0}_behind");
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {view}_instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE TRIGGER instead INSTEAD OF INSERT ON {view} FOR EACH ROW EXECUTE FUNCTION {view}_instead()
            """);
        await service.DeclareAsync(view, Fields);
        await service.Database.ExecuteAsync($"DROP TRIGGER instead ON {view}");

        JobView job = await service.LoadAsync(view, "id,v\n1,a\n");

        Assert.Equal((JobState.Failed, "target_refused"), (job.State, job.Error?.Code));
        Assert.Contains("or give the view an INSTEAD OF INSERT trigger", job.Error?.Detail, StringComparison.Ordinal);
    }

    private Task<string[]> RowsAsync(string view) => service.RowsAsync($"SELECT id || ' ' || v FROM {view}_behind ORDER BY id");

    private async Task<string> CreateAsync(string query)
    {
        string view = string.Create(CultureInfo.InvariantCulture, $"view_{Interlocked.Increment(ref _tables)}");
        await service.Database.ExecuteAsync($"""
            CREATE TABLE public.{view}_behind (id bigint PRIMARY KEY CHECK (id > 0), v text, _job_id uuid, _record bigint);
            CREATE VIEW public.{view} AS {string.Format(CultureInfo.InvariantCulture, query, view)}
            """);
        return view;
    }
}
