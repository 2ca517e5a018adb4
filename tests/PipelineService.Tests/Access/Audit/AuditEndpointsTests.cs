using System.Net;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>Who did what, as clients see it.</summary>
public sealed class AuditEndpointsTests(RunningService running) : IClassFixture<RunningService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Every_action_on_a_dataset_and_its_jobs_has_its_entry()
    {
        const string Kept = "'load': { 'keepUpload': 'P7D' }";
        await _api.DeclareAsync("told", Readings.Definition(Kept));
        Guid job = (await _api.LoadAsync("told", Readings.Csv(2) + "x,y,z\n")).Id;
        await _api.GetAsync($"/v1/jobs/{job}/dead-letters?field=id", ("Accept", "text/csv"));
        await _api.HeadAsync($"/v1/jobs/{job}/dead-letters"); // nobody has seen one
        Guid replacing = (await _api.ReplaceAsync("told", job, Readings.Csv(1), ("Prefer", "wait=30"))).Job.Id;
        Guid again = (await _api.WhenFinalAsync((await _api.RerunAsync(replacing)).Job.Id)).Id;
        await _api.RevertAsync(again);
        await _api.RevertAsync(again); // changes nothing
        await _api.DeleteAsync($"/v1/jobs/{again}");
        await _api.DeleteAsync($"/v1/jobs/{job}");
        await _api.DeleteAsync("/v1/datasets/told");

        AuditEntryView[] entries = [.. (await ListAsync("dataset=told&outcome=done")).Items.Reverse()];

        Assert.Equal(
            [
                "dataset.put dataset/told", $"upload.take job/{job}", $"dead_letters.read job/{job}", $"job.replace job/{replacing}",
                $"job.rerun job/{replacing}", $"job.revert job/{again}", $"job.delete job/{again}", $"job.delete job/{job}",
                "dataset.delete dataset/told",
            ],
            entries.Where(entry => entry.Action != "upload.delete").Select(entry => $"{entry.Action} {entry.Object}"));
        Assert.All(entries, entry => Assert.Equal(
            entry.Action == "upload.delete" ? ("service", null) : ("loopback", "127.0.0.1"), (entry.Actor, entry.Ip)));
        Assert.Equal((job, job.ToString()), (entries[1].Id, (string?)entries[3].Detail["replaces"]));
        JobView loaded = (await _api.GetAsync($"/v1/jobs/{replacing}")).Job;
        Assert.Equal(
            (loaded.Upload.Sha256, loaded.Upload.Bytes), ((string?)entries[3].Detail["sha256"], (long?)entries[3].Detail["bytes"]));
        Assert.Equal((1L, "public.told"), ((long?)entries[5].Detail["rows"], (string?)entries[5].Detail["table"]));
    }

    [Fact]
    public async Task A_cancel_has_one_entry_wherever_the_job_is()
    {
        await _api.DeclareAsync("cancelled", Readings.Definition());
        await using TableLock held = await TableLock.TakeAsync(running.Database, "cancelled");
        Guid job = (await _api.UploadAsync("cancelled", Readings.Csv(1))).Job.Id;
        await _api.CancelAsync(job);
        await held.ReleaseAsync();
        Assert.Equal(JobState.Cancelled, (await _api.WhenFinalAsync(job)).State);

        using RawConnection sender = await RawConnection.BeginUploadAsync(_api.Address, "cancelled", "Transfer-Encoding: chunked");
        await sender.SendChunkAsync(Readings.Csv(2_000)); // more than shares a file with others, less than is loaded meanwhile
        Guid receiving = Guid.Empty;
        await BoundedWait.UntilAsync("the first bytes in the spool", () =>
            Directory.EnumerateFiles(running.Service.SpoolDirectory, "*.data").Any(
                path => new FileInfo(path).Length > 0 && Guid.TryParse(Path.GetFileNameWithoutExtension(path), out receiving)));
        await _api.CancelAsync(receiving);
        Assert.Equal("job_cancelled", (await sender.ReadAnswerAsync()).Problem.Code);

        Assert.Equal(
            [$"job/{receiving}", $"job/{job}"], (await ListAsync("action=job.cancel&outcome=done")).Items.Select(entry => entry.Object));
        Assert.Empty((await ListAsync($"object=job/{receiving}&action=upload.take")).Items);
    }

    [Fact]
    public async Task Refused_actions_are_told_and_other_refusals_are_not()
    {
        await _api.DeclareAsync("refusing", Readings.Definition());
        Guid job = (await _api.LoadAsync("refusing", Readings.Csv(1))).Id;
        await _api.CancelAsync(job);
        await _api.DeleteAsync("/v1/datasets/refusing_none");
        await _api.UploadAsync("refusing", "", "application/pdf");
        using StringContent definition = new(Readings.Definition().Replace('\'', '"'), null, "application/json");
        await _api.PutAsync("/v1/datasets/refusing", definition, ("If-Match", "\"9\""));

        await BoundedWait.UntilAsync("both refusals to be written", async () =>
            (await ListAsync("outcome=refused")).Items.Count(e => e.Object == "dataset/refusing" || e.Object == $"job/{job}") == 2);

        AuditEntryView cancel = Assert.Single((await ListAsync($"object=job/{job}&outcome=refused")).Items);
        Assert.Equal(("job.cancel", "job_final", 409), (cancel.Action, (string?)cancel.Detail["code"], (int?)cancel.Detail["status"]));
        AuditEntryView put = Assert.Single((await ListAsync("dataset=refusing&outcome=refused")).Items);
        Assert.Equal(("dataset.put", "precondition_failed"), (put.Action, (string?)put.Detail["code"]));
        Assert.Empty((await ListAsync("dataset=refusing_none")).Items);
    }

    [Fact]
    public async Task Pages_have_every_entry_once_whatever_is_asked_for()
    {
        for (int i = 0; i < 7; i++)
        {
            await _api.DeclareAsync("paged", Readings.Definition($"'title': '{i}'"));
        }

        foreach (string query in (string[])["dataset=paged", "dataset=paged&action=dataset.put,job.cancel", "from=2020-01-01"])
        {
            List<AuditEntryView> seen = [];
            AuditPage page = await ListAsync($"{query}&limit=3");
            while (true)
            {
                Assert.InRange(page.Items.Count, 0, 3);
                seen.AddRange(page.Items);
                if (page.NextCursor is null)
                {
                    break;
                }

                page = await ListAsync($"{query}&limit=3&cursor={page.NextCursor}");
            }

            Assert.Equal(seen.Count, seen.DistinctBy(entry => entry.Id).Count());
            Assert.Equal(7, seen.Count(entry => entry.Dataset == "paged"));
            Assert.Equal(seen.Select(entry => entry.At).OrderDescending(), seen.Select(entry => entry.At));
        }
    }

    [Fact]
    public async Task Times_are_from_inclusive_to_exclusive()
    {
        await _api.DeclareAsync("timed", Readings.Definition());
        AuditEntryView entry = Assert.Single((await ListAsync("dataset=timed")).Items);
        string at = Uri.EscapeDataString(entry.At.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", null));

        Assert.Single((await ListAsync($"dataset=timed&from={at}")).Items);
        Assert.Empty((await ListAsync($"dataset=timed&to={at}")).Items);
    }

    [Theory]
    [InlineData("outcome=failed", "/outcome", "'failed' is no outcome; use done or refused.")]
    [InlineData("action=job.cancle", "/action", "Did you mean \"job.cancel\"?")]
    [InlineData("from=yesterday", "/from", "is no time")]
    [InlineData("to=yesterday", "/to", "is no time")]
    [InlineData("limit=0", "/limit", "from 1 to 1000")]
    [InlineData("cursor=abc", "/cursor", "none that this service gave out")]
    [InlineData("user=me", "/user", "no such parameter")]
    public async Task Says_what_is_wrong_with_a_filter(string query, string pointer, string fault)
    {
        ApiAnswer answer = await _api.GetAsync($"/v1/audit?{query}");

        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (answer.Status, answer.Problem.Code));
        Assert.Contains(fault, answer.Problem.Errors![pointer][0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_head_is_that_of_the_newest_link_and_entries_show_their_place()
    {
        await _api.DeclareAsync("linked", Readings.Definition());
        AuditEntryView entry = null!;
        await BoundedWait.UntilAsync("the entry to be linked", async () =>
            (entry = Assert.Single((await ListAsync("dataset=linked")).Items)).Seq is not null);

        AuditHead head = (await _api.GetAsync("/v1/audit/head")).Read<AuditHead>();
        AuditVerdict verdict = await new AuditVerifier(running.Database.DataSource).VerifyAsync(
            new AuditAnchor(entry.Seq!.Value, entry.Hash!), start: null, TestContext.Current.CancellationToken);

        Assert.Null(verdict.Fault);
        Assert.InRange(head.Seq, entry.Seq!.Value, verdict.Entries);
        Assert.Equal((head.Seq, $"{head.Seq}:{head.Hash}"), (head.Count, head.Anchor));
        Assert.Equal(HttpStatusCode.OK, (await _api.HeadAsync("/v1/audit/head")).Status);
        Assert.Equal("", (await _api.HeadAsync("/v1/audit")).Body);
    }

    /// <summary>A start tells which version runs, and no secret.</summary>
    [Fact]
    public async Task A_start_is_told()
    {
        AuditEntryView start = (await ListAsync("action=service.start")).Items[^1];

        Assert.Equal(("service", null), (start.Actor, start.Ip));
        Assert.NotNull(start.Detail["version"]);
        Assert.DoesNotContain("Password", start.Detail.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    private async Task<AuditPage> ListAsync(string query) => (await _api.GetAsync($"/v1/audit?{query}")).Read<AuditPage>();
}
