using System.Globalization;
using System.Text;

namespace PipelineService.Tests.Infrastructure;

/// <summary>The data of most tests: readings with an id, a name and an amount.</summary>
internal static class Readings
{
    public const string Header = "id,name,amount\n";

    /// <summary>A view of them.</summary>
    public const string View = "'views': [ { 'name': 'by_name', 'groupBy': ['name'], 'measures': { 'n': 'count' } } ]";

    /// <summary>The definition, with other parts of it such as <c>'load': { 'commit': 'chunk' }</c>.</summary>
    public static string Definition(string? parts = null) =>
        """
        { 'schema': { 'fields': [
            { 'name': 'id', 'type': 'integer', 'constraints': { 'required': true } },
            { 'name': 'name', 'type': 'string' },
            { 'name': 'amount', 'type': 'number' } ] }
        """ + (parts is null ? "" : ", " + parts) + " }";

    public static string Csv(int count) => Header + CsvRows(1, count);

    public static string CsvRows(int first, int count)
    {
        StringBuilder rows = new();
        foreach (int id in Enumerable.Range(first, count))
        {
            rows.Append(CultureInfo.InvariantCulture, $"{id},name {id},{id}.5\n");
        }

        return rows.ToString();
    }
}
