using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>The grants in docs/operations.md are enough.</summary>
public sealed partial class DatabaseRoleTests(EmptyTestDatabase database) : IClassFixture<EmptyTestDatabase>
{
    private const string Password = "a role of its own";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_role_with_the_documented_grants_makes_and_loads_tables()
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        string role = $"{connection.Database}_role";
        string grants = string.Join(
            '\n', MarkdownText.Blocks(RepositoryFiles.Read("docs", "operations.md"), "sql").Take(2));
        grants = RoleName().Replace(grants, $"TO {role};").Replace(
            "DATABASE app", $"DATABASE {connection.Database}", StringComparison.Ordinal);
        await database.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{Password}'");
        try
        {
            await database.ExecuteAsync($"""
                CREATE SCHEMA landing;
                CREATE TABLE landing.customers (id bigint PRIMARY KEY);
                CREATE TABLE landing.orders (id bigint PRIMARY KEY, customer bigint REFERENCES landing.customers);
                INSERT INTO landing.customers VALUES (7);
                {grants}
                """);
            connection.Username = role;
            connection.Password = Password;
            await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(connection.ConnectionString);

            string made = await LoadAsync(service, "made", lineage: true);
            string others = await LoadAsync(service, "orders", lineage: false);

            // The first row, then one that is there already, then one without its customer.
            Assert.Equal("partially_succeeded 2 loaded", made);
            Assert.Equal("partially_succeeded 1 loaded", others);
        }
        finally
        {
            await database.ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        }
    }

    private static async Task<string> LoadAsync(ServiceUnderTest service, string table, bool lineage)
    {
        var definition = JsonNode.Parse($$"""
            {
              "schema": {
                "fields": [
                  { "name": "id", "type": "integer", "constraints": { "required": true } },
                  { "name": "customer", "type": "integer" }
                ],
                "primaryKey": ["id"]
              },
              "load": { "table": "landing.{{table}}", "lineage": {{(lineage ? "true" : "false")}} }
            }
            """);
        using HttpResponseMessage declared =
            await service.Client.PutAsync(new Uri($"/v1/datasets/{table}", UriKind.Relative), Json(definition!), Token);
        Assert.True(declared.IsSuccessStatusCode, await declared.Content.ReadAsStringAsync(Token));

        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/datasets/{table}/uploads");
        request.Headers.Add("Prefer", "wait=30");
        request.Content = new StringContent("id,customer\n1,7\n1,7\n2,8\n", Encoding.UTF8, new MediaTypeHeaderValue("text/csv"));
        using HttpResponseMessage answer = await service.Client.SendAsync(request, Token);
        JsonNode job = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
        return $"{job["state"]} {job["records"]?["loaded"]} loaded";
    }

    private static StringContent Json(JsonNode body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    [GeneratedRegex("TO pipeline;")]
    private static partial Regex RoleName();
}
