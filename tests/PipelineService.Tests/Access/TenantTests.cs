using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>What belongs to one tenant, or came from one source, is not there for another.</summary>
public sealed class TenantTests(GuardedService service) : IClassFixture<GuardedService>
{
    [Fact]
    public async Task Lists_show_what_is_ones_own()
    {
        Api acme = await service.MakeDatasetAsync("lists_acme", "acme");
        Api globex = await service.MakeDatasetAsync("lists_globex", "globex");
        await service.MakeDatasetAsync("lists_nobody", tenant: null);
        (string narrow, _) = await service.MakeKeyAsync("narrow", "read", ", 'datasets': ['lists_g*', 'lists_nobody']");
        foreach ((Api api, string dataset) in new[] { (acme, "lists_acme"), (globex, "lists_globex"), (service.Api, "lists_nobody") })
        {
            await api.LoadAsync(dataset, Readings.Csv(1));
        }

        string[] all = ["lists_acme", "lists_globex", "lists_nobody"];
        await AssertListsAsync(acme, all[..1]);
        await AssertListsAsync(globex, all[1..2]);
        await AssertListsAsync(service.With(narrow), all[1..]);
        await AssertListsAsync(service.Api, all);
        Assert.Equal("""{"items":[],"nextCursor":null}""", (await acme.GetAsync("/v1/jobs?dataset=lists_globex")).Body);
        Assert.Equal("""{"items":[],"nextCursor":null}""", (await acme.GetAsync("/v1/jobs?table=public.lists_globex")).Body);

        async Task AssertListsAsync(Api api, string[] expected)
        {
            Assert.Equal(expected, NamesOf(await api.GetAsync("/v1/datasets?limit=1000"), "name"));
            Assert.Equal(expected, NamesOf(await api.GetAsync("/v1/jobs?limit=1000"), "dataset"));
        }

        static IEnumerable<string> NamesOf(ApiAnswer list, string member) => JsonNode.Parse(list.Body)!["items"]!.AsArray()
            .Select(item => (string)item![member]!).Where(name => name.StartsWith("lists_", StringComparison.Ordinal)).Distinct().Order();
    }

    [Fact]
    public async Task Jobs_carry_the_tenant_of_their_dataset_and_the_key_that_brought_them()
    {
        await service.MakeDatasetAsync("carried", "acme");
        (string text, string id) = await service.MakeKeyAsync("carrier", "ingest", ", 'tenant': 'acme'");

        ApiAnswer upload = await service.With(text).UploadAsync("carried", Readings.Csv(1), headers: ("Prefer", "wait=30"));
        ApiAnswer byOperator = await service.Api.UploadAsync("carried", Readings.Csv(1), headers: ("Prefer", "wait=30"));

        Assert.Equal($"acme {id}", await OwnerOfAsync(upload.Job.Id));
        Assert.Equal("acme -", await OwnerOfAsync(byOperator.Job.Id));

        Task<string?> OwnerOfAsync(Guid job) => service.Database.ScalarAsync<string>(
            $"SELECT tenant || ' ' || coalesce(key_id::text, '-') FROM pipeline.jobs WHERE id = '{job}'");
    }

    [Fact]
    public async Task A_name_stays_its_first_owners_also_when_the_dataset_is_deleted()
    {
        Api acme = await service.MakeDatasetAsync("taken", "acme");
        Api globex = await service.MakeDatasetAsync("taken_other", "globex");

        Assert.Equal("dataset_name_taken", (await PutAsync(globex, "taken", Readings.Definition())).Problem.Code);
        Assert.Equal(HttpStatusCode.NoContent, (await acme.DeleteAsync("/v1/datasets/taken")).Status);
        Assert.Equal("dataset_name_taken", (await PutAsync(globex, "taken", Readings.Definition())).Problem.Code);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(service.Api, "taken", Readings.Definition())).Status);
        Assert.Equal(HttpStatusCode.OK, (await acme.GetAsync("/v1/datasets/taken")).Status);
    }

    [Fact]
    public async Task Names_beyond_the_keys_datasets_are_not_there_whether_they_are_or_not()
    {
        await service.MakeDatasetAsync("beyond_real", tenant: null);
        (string text, _) = await service.MakeKeyAsync("beyond", "read manage ingest", ", 'datasets': ['within_*']");
        Api api = service.With(text);
        foreach (string name in new[] { "beyond_real", "beyond_none" })
        {
            Assert.Equal("dataset_not_found", (await api.GetAsync($"/v1/datasets/{name}")).Problem.Code);
            Assert.Equal("dataset_not_found", (await PutAsync(api, name, Readings.Definition())).Problem.Code);
            Assert.Equal("dataset_not_found", (await api.UploadAsync(name, Readings.Csv(1))).Problem.Code);
        }

        Assert.Equal(HttpStatusCode.Created, (await PutAsync(api, "within_new", Readings.Definition())).Status);
    }

    [Fact]
    public async Task No_definition_opens_another_tenants_table()
    {
        await service.MakeDatasetAsync("tables_acme", "acme");
        await service.Database.ExecuteAsync("CREATE TABLE public.tables_foreign (id bigint PRIMARY KEY, name text, amount numeric)");
        Api globex = await service.MakeDatasetAsync("tables_globex", "globex");

        foreach (string table in new[] { "public.tables_acme", "public.tables_foreign" })
        {
            ApiAnswer answer = await PutAsync(globex, "tables_thief", Readings.Definition($"'load': {{ 'table': '{table}' }}"));
            Assert.Equal((table, "table_not_allowed"), (table, answer.Problem.Code));
        }

        Assert.Equal(HttpStatusCode.Created, (await PutAsync(globex, "tables_twin", Readings.Definition("'load': { 'table': 'public.tables_globex' }"))).Status);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(service.Api, "tables_operator", Readings.Definition("'load': { 'table': 'public.tables_foreign', 'lineage': false }"))).Status);
    }

    /// <summary>Of a table beyond the names that the key has it is not even told whether there is one.</summary>
    [Fact]
    public async Task New_tables_are_named_as_the_keys_datasets_may_be()
    {
        await service.MakeDatasetAsync("named_globex", "globex");
        Api api = service.With((await service.MakeKeyAsync("named", "manage", ", 'datasets': ['named_acme_*']")).Text);

        foreach (string table in new[] { "public.named_globex", "public.named_none", "named_none.named_none" })
        {
            ApiAnswer answer = await PutAsync(api, "named_acme_one", Readings.Definition($"'load': {{ 'table': '{table}' }}"));
            Assert.Equal((table, "table_not_allowed"), (table, answer.Problem.Code));
        }

        Assert.Equal(HttpStatusCode.Created, (await PutAsync(api, "named_acme_one", Readings.Definition("'load': { 'table': 'named_acme_other' }"))).Status);
    }

    /// <summary>A type that reads names tells by each value whether there is a table; a row type is one, and nobody can alter that any more.</summary>
    [Fact]
    public async Task No_column_type_tells_of_tables_or_holds_on_to_them()
    {
        Api acme = await service.MakeDatasetAsync("types_acme", "acme");
        await service.Database.ExecuteAsync("CREATE DOMAIN public.types_domain AS regclass; CREATE TYPE public.types_pair AS (a integer, b regrole[])");
        Api globex = await service.MakeDatasetAsync("types_globex", "globex");
        List<string> said = [];
        foreach (string type in (string[])
        [
            "types_none", "types_acme", "public.types_acme", "public.types_acme[]", "regclass", "pg_catalog.regclass[]", "regrole",
            "regproc", "aclitem", "pipeline.jobs",
            "pg_authid", "types_domain", "public.types_pair", "information_schema.tables",
        ])
        {
            ApiAnswer answer = await PutAsync(
                globex, "types_thief", $$"""{ 'schema': { 'fields': [{ 'name': 'id', 'type': 'string', 'sqlType': '{{type}}' }] } }""");
            Assert.Equal((type, "invalid_definition"), (type, answer.Problem.Code));
            said.Add(answer.Problem.Errors!["/schema/fields/0/sqlType"].Single().Replace(type, "", StringComparison.Ordinal));
        }

        Assert.Single(said.Distinct());
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(acme, "types_acme", Readings.Definition().Replace("'number'", "'string'", StringComparison.Ordinal)
            .Replace("'amount'", "'more'", StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData("pipeline.api_keys")]
    [InlineData("pg_catalog.pg_class")]
    [InlineData("information_schema.tables")]
    public async Task Not_even_who_may_do_everything_refers_to_tables_of_the_service(string resource)
    {
        ApiAnswer answer = await PutAsync(service.Api, "references_own", $$"""
            { 'schema': { 'fields': [{ 'name': 'id', 'type': 'string', 'sqlType': 'uuid' }],
              'foreignKeys': [{ 'fields': 'id', 'reference': { 'resource': '{{resource}}', 'fields': 'id' } }] } }
            """);

        Assert.Contains("belongs to the service", answer.Problem.Errors!["/schema/foreignKeys/0/reference/resource"].Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("references_acme")]
    [InlineData("public.references_acme")]
    [InlineData("references_none")]
    [InlineData("pipeline.api_keys")]
    public async Task No_foreign_key_tells_of_another_tenants_rows(string resource)
    {
        if (await service.Database.ScalarAsync<bool>("SELECT to_regclass('public.references_acme') IS NULL"))
        {
            Api acme = service.With((await service.MakeKeyAsync("references", "admin", ", 'tenant': 'acme'")).Text);
            await acme.DeclareAsync("references_acme", "{ 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }], 'primaryKey': 'id' } }");
        }

        Api globex = service.With((await service.MakeKeyAsync("references", "admin", ", 'tenant': 'globex'")).Text);
        ApiAnswer answer = await PutAsync(globex, "references_thief", $$"""
            { 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }],
              'foreignKeys': [{ 'fields': 'id', 'reference': { 'resource': '{{resource}}', 'fields': 'id' } }] } }
            """);

        Assert.Equal("invalid_definition", answer.Problem.Code);
        Assert.Contains("There is no dataset", answer.Problem.Errors!["/schema/foreignKeys/0/reference/resource"].Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_bound_to_a_source_sends_and_sees_that_alone()
    {
        await service.MakeDatasetAsync("sources", tenant: null);
        Api till = service.With((await service.MakeKeyAsync("till", "ingest read manage", ", 'source': 'till'")).Text);
        Api shop = service.With((await service.MakeKeyAsync("shop", "ingest read manage", ", 'source': 'shop'")).Text);

        ApiAnswer job = await till.UploadAsync("sources", Readings.Csv(2), headers: [("Prefer", "wait=30"), ("Idempotency-Key", "day-1")]);
        ApiAnswer other = await shop.UploadAsync("sources", Readings.Csv(2), headers: [("Prefer", "wait=30"), ("Idempotency-Key", "day-1")]);
        ApiAnswer again = await till.UploadAsync("sources", Readings.Csv(2), headers: ("Idempotency-Key", "day-1"));

        Assert.Equal(("till", "shop"), (job.Job.Source, other.Job.Source));
        Assert.NotEqual(job.Job.Id, other.Job.Id);
        Assert.Equal((job.Job.Id, "true"), (again.Job.Id, again["Idempotency-Replayed"]));
        Assert.Equal("job_not_found", (await shop.GetAsync($"/v1/jobs/{job.Job.Id}")).Problem.Code);
        Assert.Equal("job_not_found", (await shop.RevertAsync(job.Job.Id)).Problem.Code);
        Assert.Equal("job_not_found", (await shop.ReplaceAsync("sources", job.Job.Id, Readings.Csv(1))).Problem.Code);
        Assert.Equal(JobState.Succeeded, (await till.GetAsync($"/v1/jobs/{job.Job.Id}")).Job.State);
        using StringContent body = new(Readings.Csv(1), Encoding.UTF8, "text/csv");
        Assert.Equal("source_not_allowed", (await shop.PostAsync("/v1/datasets/sources/uploads?source=till", body)).Problem.Code);
    }

    private static async Task<ApiAnswer> PutAsync(Api api, string dataset, string definition)
    {
        using StringContent body = new(definition.Replace('\'', '"'), Encoding.UTF8, "application/json");
        return await api.PutAsync($"/v1/datasets/{dataset}", body);
    }
}
