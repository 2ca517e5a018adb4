using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;

namespace PipelineService.Write.Targets;

/// <summary>Why a table cannot be loaded, as the job will say it.</summary>
public static class TargetProblems
{
    private const string Title = "The table cannot be loaded.";
    private const int SentencesMax = 10;

    /// <summary>Of a job that ends without a fault of anybody's: what it was to do has been outdone.</summary>
    public const string SupersededCode = "superseded";

    /// <summary>PostgreSQL refuses the table or the statement, whatever the row.</summary>
    public static Problem Refused(PostgresException error) => new()
    {
        Code = "target_refused",
        Status = StatusCodes.Status409Conflict,
        Title = Title,
        Detail = $"PostgreSQL says: {error.MessageText} (SQLSTATE {error.SqlState}). "
            + "Mend the table or its permissions and send the upload again.",
    };

    /// <summary>The rows of a job that is to be replaced are kept there by something.</summary>
    /// <param name="replaced">The job whose rows they are.</param>
    /// <param name="reason">A sentence.</param>
    public static Problem NotReplaced(Guid replaced, string reason) => new()
    {
        Code = "revert_refused",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of the job that is replaced cannot be removed.",
        Detail = $"{reason} Job {replaced} is as it was; nothing of this one was loaded.",
    };

    /// <summary>The rows of a table that are to be replaced as a whole are kept there by something.</summary>
    /// <param name="table">The table.</param>
    /// <param name="reason">A sentence, or several.</param>
    public static Problem NotReplaced(TableName table, string reason) => new()
    {
        Code = "replace_refused",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of the table cannot be replaced.",
        Detail = $"{reason} The rows of table {table} are as they were; nothing of this job was loaded. Then send the upload again.",
    };

    /// <summary>No record of an upload that replaces all rows can be loaded: most likely it is another file than was meant.</summary>
    /// <param name="rejected">How many records were rejected: all but those that were filtered.</param>
    public static Problem NothingLeft(long rejected) => new()
    {
        Code = "nothing_loaded",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "No row would be left.",
        Detail = $"None of the records can be loaded, and {rejected} were rejected: the dead letters say why. The rows of the "
            + "table, which the "
            + "upload was to replace, are as they were. An upload without a single record empties the table.",
    };

    /// <summary>Another upload of the dataset, which came later, has replaced all rows before this one could.</summary>
    /// <param name="later">Its job.</param>
    public static Problem Superseded(Guid later) => new()
    {
        Code = "superseded",
        Status = StatusCodes.Status409Conflict,
        Title = "A later upload has replaced all rows.",
        Detail = $"Job {later} was loaded before this one, and its upload came later: its rows stay. Nothing of this one was "
            + "loaded. To have "
            + "its data all the same, send it again.",
    };

    /// <summary>The table is no longer what the dataset's version was declared with.</summary>
    /// <param name="contradictions">JSON pointer into the definition → what the table says instead.</param>
    public static Problem Contradicts(string table, IReadOnlyDictionary<string, string[]> contradictions)
    {
        string[] sentences = [.. contradictions.Values.SelectMany(s => s)];
        string more = sentences.Length > SentencesMax ? $" And {sentences.Length - SentencesMax} more." : "";
        return new()
        {
            Code = "target_refused",
            Status = StatusCodes.Status409Conflict,
            Title = Title,
            Detail = $"Table {table} is no longer as the dataset was declared: {string.Join(" ", sentences.Take(SentencesMax))}{more}"
                + " Nothing was loaded from here on. Declare the dataset again as the table is, or ALTER the table back;"
                + " then send the upload again.",
            Errors = contradictions,
        };
    }

    /// <summary>One row alone takes longer than a chunk may.</summary>
    public static Problem TooSlow(ChunkTooSlowException error) => new()
    {
        Code = "target_too_slow",
        Status = StatusCodes.Status409Conflict,
        Title = "The table takes rows too slowly.",
        Detail = $"{error.Message} Look for a slow trigger, or raise Write:ChunkTimeout; then send the upload again.",
    };
}
