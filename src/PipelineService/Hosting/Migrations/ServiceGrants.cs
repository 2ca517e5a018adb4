using PipelineService.Core.Datasets;

namespace PipelineService.Hosting.Migrations;

/// <summary>
/// What a role needs of the schema to run the service without owning any of it: every table read and written, but the audit, which
/// takes new rows only, and the list of steps, which is the owner's. It may make tables: one for each version of a dataset that is looked
/// up, and for each view. Events that are kept no longer are removed by a function of the owner's.
/// </summary>
internal static class ServiceGrants
{
    /// <param name="role">A name as it is stored.</param>
    public static string To(string role)
    {
        string name = Identifier.Quote(role);
        return $"""
            GRANT USAGE, CREATE ON SCHEMA pipeline TO {name};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pipeline TO {name};
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA pipeline TO {name};
            GRANT EXECUTE ON FUNCTION pipeline.drop_events(integer) TO {name};
            REVOKE UPDATE, DELETE ON pipeline.audit, pipeline.audit_links FROM {name};
            REVOKE INSERT, UPDATE, DELETE ON pipeline.migrations FROM {name};
            """;
    }
}
