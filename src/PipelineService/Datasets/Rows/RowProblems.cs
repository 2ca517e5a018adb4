using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Rows;

/// <summary>Why rows of a key cannot be shown.</summary>
internal static class RowProblems
{
    public static Problem NoKey(string dataset) => new()
    {
        Code = "no_key",
        Status = StatusCodes.Status409Conflict,
        Title = "The dataset has no key.",
        Detail = $"Rows of dataset \"{dataset}\" cannot be asked for one by one: declare schema.primaryKey, or a unique key.",
    };

    public static Problem NoSource(string dataset) => new()
    {
        Code = "no_lineage",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of this job cannot be told apart.",
        Detail = $"These credentials see the rows of one source alone, and dataset \"{dataset}\" was declared with load.lineage false: "
            + "nothing says whose its rows are.",
    };

    /// <param name="fault">A sentence.</param>
    public static Problem WrongKey(IEnumerable<string> key, string fault)
    {
        string names = string.Join(", ", key.Select(name => Excerpt.Of(name)));
        return Problem.MalformedQuery("key", $"{fault} The key is {names}: give ?key= once for each of its fields, in this order.");
    }

    public static Problem NotReadable(string table, string sentence) => new()
    {
        Code = "rows_not_readable",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of the table cannot be read.",
        Detail = $"Table {table}: {Excerpt.Of(sentence)}. A table that is gone is made again, empty, by PUT of the dataset.",
    };

    public static Problem TooSlow(string table, IEnumerable<string> key) => new()
    {
        Code = "rows_not_indexed",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows cannot be found fast enough.",
        Detail = $"Table {table} has no index by which its rows are found, or is locked: the search was given up after 2 seconds. Create "
            + $"an index on {string.Join(", ", key.Select(name => Excerpt.Of(name)))}.",
    };
}
