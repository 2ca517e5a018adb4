using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>Services under test have a role that owns nothing, unless the whole run is told otherwise: see <see cref="ServiceRole"/>.</summary>
public sealed class ServiceRoleTests(RunningService service) : IClassFixture<RunningService>
{
    [Fact]
    public async Task Services_under_test_own_nothing_and_may_do_nothing_to_the_server()
    {
        Assert.SkipWhen(ServiceRole.IsOwnersEverywhere, "the services of this run have the owner's role");

        Assert.Equal("0 0", await service.Database.ScalarAsync<string>("""
            WITH roles AS (
                SELECT DISTINCT r.* FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
                WHERE a.datname = current_database() AND a.application_name = 'PipelineService')
            SELECT concat_ws(' ', (SELECT count(*) FROM pg_class c JOIN roles r ON r.oid = c.relowner),
                                  (SELECT count(*) FROM roles WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls))
            FROM roles
            """));
    }
}
