using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts;

/// <summary>
/// Every call of the service as a client makes it, with most of the answers that a client meets. What is wrong in itself is
/// not among them: a proxy that validates would keep it from the service.
/// </summary>
internal static class ExampleCalls
{
    private const string Dataset = "contract_trips";

    private const string FolderName = "incoming";

    /// <summary>What a service needs to be told for these calls. There is no such folder.</summary>
    public static (string Key, string? Value) FolderSetting => ($"Sources:Folders:{FolderName}", Path.Combine(Path.GetTempPath(), "no-such-folder"));

    private const string Definition = """
        {
          "title": "Trips",
          "schema": {
            "fields": [
              { "name": "id", "type": "integer", "constraints": { "required": true, "minimum": 1, "maximum": "100000" } },
              { "name": "day", "type": "date", "constraints": { "minimum": "2026-01-01" } },
              { "name": "fare", "type": "number", "sqlType": "numeric(10,2)", "constraints": { "enum": [1, 2.50, "3"] } },
              { "name": "paid", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"] },
              { "name": "note", "type": "string", "title": "Note", "description": "Free text", "constraints": { "pattern": "[a-z ]*", "maxLength": 80 } }
            ],
            "fieldsMatch": "subset",
            "missingValues": ["", "-"],
            "primaryKey": ["id"]
          },
          "load": { "commit": "chunk" },
          "profile": true,
          "views": [{ "name": "by_day", "groupBy": ["day"], "measures": { "rows": "count", "fares": "sum fare" } }],
          "rejects": { "maxCount": 100, "maxRatio": null }
        }
        """;

    private const string Data = "id,day,fare,paid,note\n1,2026-03-01,1,yes,fine\n2,2025-03-01,7,no,\xE9\n1,2026-03-02,3,no,again\n";

    /// <param name="direct">Takes what is no text, of which a proxy may make some; null: the same.</param>
    public static async Task MakeAsync(Api api, Api? direct = null)
    {
        foreach (string address in new[] { "/", "/health/live", "/health/ready", "/metrics" })
        {
            Expect(HttpStatusCode.OK, await api.GetAsync(address));
        }

        Expect(HttpStatusCode.OK, await api.GetAsync("/", ("Accept", "text/html")));
        await DeclareAsync(api);
        await LookAtDatasetsAsync(api);
        JobView job = await UploadAsync(api);
        await LookAtJobsAsync(api, job.Id);
        await CorrectAsync(api);
        await DecideAsync(api);
        await TellAsync(api, job.Id);
        await WatchAsync(api);
        await EndAsync(api, job.Id);
        await HandOutKeysAsync(api);
        await LimitAsync(api);
        await SendModelsAsync(api, direct ?? api);
    }

    private static async Task LimitAsync(Api api)
    {
        Expect(HttpStatusCode.OK, await PutAsync("/v1/tenants/contract", """{ "weight": 2, "limits": { "uploadsAtOnce": 4 } }"""));
        Expect(HttpStatusCode.BadRequest, await PutAsync("/v1/tenants/contract", """{ "weight": 0 }"""));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/tenants/contract"));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/tenants?limit=1"));
        Expect(HttpStatusCode.NoContent, await api.DeleteAsync("/v1/tenants/contract"));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync("/v1/tenants/contract"));
        await api.DeclareAsync("contract_limited", Definition);
        string address = "/v1/datasets/contract_limited/limits";
        Expect(HttpStatusCode.OK, await PutAsync(address, """{ "requestsPerMinute": 1 }"""));
        Expect(HttpStatusCode.BadRequest, await PutAsync(address, """{ "requestsPerMinute": -1 }"""));
        Expect(HttpStatusCode.OK, await api.GetAsync(address));

        async Task<ApiAnswer> PutAsync(string path, string json)
        {
            using StringContent body = new(json, Encoding.UTF8, "application/json");
            return await api.PutAsync(path, body);
        }
    }

    private static async Task SendModelsAsync(Api api, Api direct)
    {
        const string Address = "/v1/models/contract";
        Expect(HttpStatusCode.NotFound, await api.GetAsync(Address));
        Expect(HttpStatusCode.UnprocessableEntity, await PutAsync(api, [1, 2, 3]));
        Expect(HttpStatusCode.Created, await PutAsync(direct, OnnxWriter.Linear(1, [2, 3], ("feature_names", "a,b"))));
        Expect(HttpStatusCode.OK, await PutAsync(direct, OnnxWriter.Linear(1, [2, 3], ("feature_names", "a,b"))));
        Expect(HttpStatusCode.OK, await api.GetAsync(Address));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/models?limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"{Address}/versions/1"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"{Address}/versions/9"));
        Expect(HttpStatusCode.NoContent, await api.DeleteAsync($"{Address}/versions/1"));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync($"{Address}/versions/1"));

        static async Task<ApiAnswer> PutAsync(Api by, byte[] file)
        {
            using ByteArrayContent body = new(file);
            body.Headers.TryAddWithoutValidation("Content-Type", "application/octet-stream");
            return await by.PutAsync(Address, body);
        }
    }

    private static async Task TellAsync(Api api, Guid job)
    {
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/events?types=job.received,job.finished&dataset=contract_*&after=0&limit=1"));
        Expect(HttpStatusCode.Gone, await api.GetAsync("/v1/events?after=1000000000"));
        string stream = Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{job}/events")).Body;
        string last = stream.Split("id: ")[^1].Split('\n')[0];
        Expect(HttpStatusCode.NoContent, await api.GetAsync($"/v1/jobs/{job}/events", ("Last-Event-ID", last)));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"/v1/jobs/{Guid.Empty}/events"));

        const string Webhook = "/v1/webhooks/contract";
        Expect(HttpStatusCode.NotFound, await api.GetAsync(Webhook));
        Expect(HttpStatusCode.BadRequest, await PutAsync("""{ "url": "https://user:password@example.com/", "types": ["job.started"] }"""));
        Expect(HttpStatusCode.Created, await PutAsync("""{ "url": "http://127.0.0.1:1/", "datasets": ["contract_*"], "headers": { "X-Token": "t" } }"""));
        Expect(HttpStatusCode.OK, await PutAsync("""{ "url": "http://127.0.0.1:1/", "disabled": false }"""));
        Expect(HttpStatusCode.OK, await api.GetAsync(Webhook));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/webhooks"));
        using (StringContent overlap = new("""{ "overlap": "PT1H" }""", Encoding.UTF8, "application/json"))
        {
            Expect(HttpStatusCode.OK, await api.PostAsync(Webhook + "/rotate", overlap));
        }

        Expect(HttpStatusCode.OK, await api.PostAsync(Webhook + "/test"));
        Expect(HttpStatusCode.Accepted, await api.UploadAsync(Dataset, "id,day,fare,paid,note\n30,,,,\n"));
        string delivery = await Access.GuardedService.WhenDeliveredAsync(api, "contract");
        Expect(HttpStatusCode.OK, await api.GetAsync(Webhook + "/deliveries?state=pending&limit=1"));
        Expect(HttpStatusCode.Accepted, await api.PostAsync($"{Webhook}/deliveries/{delivery}/redeliver"));
        Expect(HttpStatusCode.NotFound, await api.PostAsync($"{Webhook}/deliveries/{Guid.Empty}/redeliver"));
        Expect(HttpStatusCode.NoContent, await api.DeleteAsync(Webhook));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync(Webhook));

        async Task<ApiAnswer> PutAsync(string json)
        {
            using StringContent body = new(json, Encoding.UTF8, "application/json");
            return await api.PutAsync(Webhook, body);
        }
    }

    private static async Task WatchAsync(Api api)
    {
        const string Source = "/v1/sources/contract";
        Expect(HttpStatusCode.NotFound, await api.GetAsync(Source));
        Expect(HttpStatusCode.BadRequest, await PutAsync("""{ "dataset": "contract_none", "folder": { "root": "other", "path": "../../etc" } }"""));
        const string Declared = $$"""{ "dataset": "{{Dataset}}", "source": "folder", "folder": { "root": "{{FolderName}}", "pattern": "*.csv" } }""";
        Expect(HttpStatusCode.Created, await PutAsync(Declared));
        Expect(HttpStatusCode.OK, await PutAsync(Declared));
        Expect(HttpStatusCode.Conflict, await PutAsync($$"""{ "dataset": "{{Dataset}}", "folder": { "root": "{{FolderName}}", "path": "other" } }"""));
        Expect(HttpStatusCode.OK, await api.GetAsync(Source));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/sources"));
        Expect(HttpStatusCode.OK, await api.PostAsync(Source + "/pause"));
        Expect(HttpStatusCode.OK, await api.PostAsync(Source + "/resume"));
        Expect(HttpStatusCode.Accepted, await api.PostAsync(Source + "/notify"));
        Expect(HttpStatusCode.OK, await api.GetAsync(Source + "/objects?state=refused&limit=1"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync("/v1/sources/contract_none/objects"));
        Expect(HttpStatusCode.NoContent, await api.DeleteAsync(Source));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync(Source));

        async Task<ApiAnswer> PutAsync(string json)
        {
            using StringContent body = new(json, Encoding.UTF8, "application/json");
            return await api.PutAsync(Source, body);
        }
    }

    private static async Task HandOutKeysAsync(Api api)
    {
        Expect(HttpStatusCode.BadRequest, await PostAsync("/v1/keys", """{ "name": "contract", "scopes": ["read"], "expiresAt": "2020-01-01T00:00:00Z" }"""));
        ApiAnswer made = Expect(HttpStatusCode.Created, await PostAsync("/v1/keys", """{ "name": "contract", "scopes": ["read"], "datasets": ["contract_*"] }"""));
        string address = $"/v1/keys/{(string)JsonNode.Parse(made.Body)!["id"]!}";
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/keys?limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync(address));
        Expect(HttpStatusCode.OK, await PostAsync(address + "/rotate", """{ "overlap": "PT1H" }"""));
        using (StringContent limits = new("""{ "limits": { "requestsPerMinute": 600 } }""", Encoding.UTF8, "application/json"))
        {
            Expect(HttpStatusCode.OK, await api.PatchAsync(address, limits));
        }

        Expect(HttpStatusCode.NoContent, await api.DeleteAsync(address));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync(address));
        Expect(HttpStatusCode.NotFound, await PostAsync(address + "/rotate", """{ "overlap": "PT1H" }"""));

        async Task<ApiAnswer> PostAsync(string path, string json)
        {
            using StringContent body = new(json, Encoding.UTF8, "application/json");
            return await api.PostAsync(path, body);
        }
    }

    private static async Task DeclareAsync(Api api)
    {
        string address = $"/v1/datasets/{Dataset}";
        Expect(HttpStatusCode.NotFound, await api.GetAsync(address));
        Expect(HttpStatusCode.Created, await PutAsync(Definition));
        Expect(HttpStatusCode.OK, await PutAsync(Definition));
        Expect(HttpStatusCode.OK, await PutAsync(Definition.Replace("Free text", "Text", StringComparison.Ordinal), ("If-Match", "\"1\"")));
        Expect(HttpStatusCode.PreconditionFailed, await PutAsync(Definition, ("If-Match", "\"1\"")));
        Expect(HttpStatusCode.BadRequest, await PutAsync(Definition.Replace("\"id\"]", "\"it\"]", StringComparison.Ordinal)));

        async Task<ApiAnswer> PutAsync(string definition, params (string Name, string Value)[] headers)
        {
            using StringContent body = new(definition, Encoding.UTF8, "application/json");
            return await api.PutAsync(address, body, headers);
        }
    }

    private static async Task LookAtDatasetsAsync(Api api)
    {
        string address = $"/v1/datasets/{Dataset}";
        Expect(HttpStatusCode.OK, await api.GetAsync(address));
        Expect(HttpStatusCode.NotModified, await api.GetAsync(address, ("If-None-Match", "\"2\"")));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/datasets?limit=1000"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"{address}/versions?limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"{address}/versions/1"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"{address}/versions/9"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync("/v1/datasets/contract_none/versions"));
    }

    private static async Task<JobView> UploadAsync(Api api)
    {
        (string Name, string Value)[] headers = [("Idempotency-Key", "contract"), ("Prefer", "wait=30")];
        Expect(HttpStatusCode.NotFound, await api.UploadAsync("contract_none", Data));
        Expect(HttpStatusCode.Accepted, await api.UploadAsync(Dataset, "{\"id\":9}\n", "application/x-ndjson"));
        JobView job = Expect(HttpStatusCode.OK, await api.UploadAsync(Dataset, Data, headers: headers)).Job;
        Expect(HttpStatusCode.OK, await api.UploadAsync(Dataset, Data, headers: headers));
        Expect(HttpStatusCode.UnprocessableEntity, await api.UploadAsync(Dataset, Data + "\n", headers: headers));
        Expect(HttpStatusCode.Accepted, await api.UploadAsync(Dataset, "id,day,fare,paid,note\n7,,,,\n"));
        Assert.Equal((JobState.PartiallySucceeded, 2L), (job.State, job.Records.Rejected));
        return job;
    }

    private static async Task LookAtJobsAsync(Api api, Guid id)
    {
        ApiAnswer job = Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{id}", ("Prefer", "wait=5")));
        Expect(
            HttpStatusCode.NotModified,
            await api.GetAsync($"/v1/jobs/{id}", ("If-None-Match", job["ETag"]!), ("Prefer", "wait=0")));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"/v1/jobs/{Guid.Empty}", ("Prefer", "wait=0")));
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs?dataset={Dataset}&limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync(
            $"/v1/jobs?state=partially_succeeded&state=failed&createdAfter=2026-01-01&table=public.{Dataset}&text=contract"));

        string rejected = $"/v1/jobs/{id}/dead-letters";
        Expect(HttpStatusCode.OK, await api.GetAsync(rejected + "?limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync(rejected, ("Accept", "application/x-ndjson")));
        Expect(HttpStatusCode.OK, await api.GetAsync(rejected + "?code=minimum&field=day&bom=true", ("Accept", "text/csv")));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"/v1/jobs/{Guid.Empty}/dead-letters"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{id}/profile"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"/v1/jobs/{Guid.Empty}/profile"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{id}/records/1"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{id}/records/2"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"/v1/jobs/{id}/records/900"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/datasets/{Dataset}/rows?key=1"));
        Expect(HttpStatusCode.BadRequest, await api.GetAsync($"/v1/datasets/{Dataset}/rows?key=x"));
        await LookAtViewAsync(api);
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{id}/gaps?state=open&limit=1"));
        Expect(HttpStatusCode.Accepted, await api.PostAsync($"/v1/jobs/{id}/fill-gaps"));
        Expect(HttpStatusCode.NotFound, await api.PostAsync($"/v1/jobs/{Guid.Empty}/fill-gaps"));
    }

    private static async Task LookAtViewAsync(Api api)
    {
        const string Views = $"/v1/datasets/{Dataset}/views";
        Expect(HttpStatusCode.OK, await api.GetAsync(Views));
        Expect(HttpStatusCode.NotFound, await api.GetAsync("/v1/datasets/contract_none/views"));
        await BoundedWait.UntilAsync(
            "the view to be built", async () => (await api.GetAsync($"{Views}/by_day")).Status == HttpStatusCode.OK);
        Expect(HttpStatusCode.OK, await api.GetAsync($"{Views}/by_day?from=2026-01-01&to=2026-12-31&limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"{Views}/by_day", ("Accept", "text/csv")));
        Expect(HttpStatusCode.BadRequest, await api.GetAsync($"{Views}/by_day?cursor=x"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync($"{Views}/by_night"));
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/datasets/{Dataset}/tap"));
        Expect(HttpStatusCode.NotFound, await api.GetAsync("/v1/datasets/contract_none/tap"));
    }

    private static async Task DecideAsync(Api api)
    {
        const string Held = "contract_held";
        const string Rules = """ "quality": { "onBreach": "hold", "rules": [ { "metric": "rows", "max": 0 } ] } """;
        await api.DeclareAsync(Held, Definition
            .Replace("\"chunk\"", "\"job\"", StringComparison.Ordinal)
            .Replace("\"rejects\"", Rules + ", \"rejects\"", StringComparison.Ordinal));
        JobView held = Expect(HttpStatusCode.Accepted, await api.UploadAsync(Held, "id,day,fare,paid,note\n40,,,,\n")).Job;
        JobView refused = Expect(HttpStatusCode.Accepted, await api.UploadAsync(Held, "id,day,fare,paid,note\n41,,,,\n")).Job;
        await api.WhenAsync(held.Id, "held", job => job.WaitingFor is "approval");
        await api.WhenAsync(refused.Id, "held", job => job.WaitingFor is "approval");
        Expect(HttpStatusCode.OK, await api.GetAsync($"/v1/jobs/{held.Id}/profile"));
        Expect(HttpStatusCode.Accepted, await api.PostAsync($"/v1/jobs/{held.Id}/approve"));
        Expect(HttpStatusCode.Conflict, await api.PostAsync($"/v1/jobs/{held.Id}/reject"));
        Expect(HttpStatusCode.OK, await api.PostAsync($"/v1/jobs/{refused.Id}/reject"));
        Expect(HttpStatusCode.Conflict, await api.PostAsync($"/v1/jobs/{refused.Id}/approve"));
        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(held.Id)).State);
        Expect(HttpStatusCode.OK, await api.PostAsync($"/v1/jobs/{held.Id}/approve"));
        Expect(HttpStatusCode.NotFound, await api.PostAsync($"/v1/jobs/{Guid.Empty}/approve"));
        Expect(HttpStatusCode.NotFound, await api.PostAsync($"/v1/jobs/{Guid.Empty}/reject"));
    }

    private static async Task CorrectAsync(Api api)
    {
        const string Other = "id,day,fare,paid,note\n20,,,,\n";
        await api.DeclareAsync(Dataset, Definition.Replace("\"chunk\"", "\"chunk\", \"keepUpload\": \"P1D\"", StringComparison.Ordinal));
        JobView job = Expect(HttpStatusCode.OK, await api.UploadAsync(Dataset, Other, headers: ("Prefer", "wait=30"))).Job;
        Expect(HttpStatusCode.NotFound, await api.ReplaceAsync(Dataset, Guid.Empty, Other));
        JobView next = Expect(HttpStatusCode.OK, await api.ReplaceAsync(Dataset, job.Id, Other, ("Prefer", "wait=30"))).Job;
        Expect(HttpStatusCode.NotFound, await api.RerunAsync(Guid.Empty));
        Expect(HttpStatusCode.Conflict, await api.RerunAsync(job.Id));
        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(Expect(HttpStatusCode.Accepted, await api.RerunAsync(next.Id)).Job.Id)).State);
    }

    private static async Task EndAsync(Api api, Guid id)
    {
        Expect(HttpStatusCode.Conflict, await api.CancelAsync(id));
        Expect(HttpStatusCode.NotFound, await api.CancelAsync(Guid.Empty));
        Expect(HttpStatusCode.OK, await api.RevertAsync(id));
        Expect(HttpStatusCode.NotFound, await api.RevertAsync(Guid.Empty));
        Expect(HttpStatusCode.NoContent, await api.DeleteAsync($"/v1/jobs/{id}"));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync($"/v1/jobs/{id}"));
        Expect(HttpStatusCode.NoContent, await api.DeleteAsync($"/v1/datasets/{Dataset}"));
        Expect(HttpStatusCode.NotFound, await api.DeleteAsync($"/v1/datasets/{Dataset}"));
        Expect(HttpStatusCode.OK, await api.GetAsync(
            $"/v1/audit?dataset={Dataset}&action=job.revert,job.delete&outcome=done&from=2026-01-01&limit=1"));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/audit/head"));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/stats"));
        Expect(HttpStatusCode.OK, await api.GetAsync("/v1/stats?by=dataset,source&dataset=contract_*&from=2026-01-01&to=2026-01-02&step=PT1H&limit=5"));
        Expect(HttpStatusCode.BadRequest, await api.GetAsync("/v1/stats?by=colour&step=PT1S"));
    }

    private static ApiAnswer Expect(HttpStatusCode status, ApiAnswer answer)
    {
        Assert.True(answer.Status == status, $"{(int)answer.Status} instead of {(int)status}: {answer.Body}");
        return answer;
    }
}
