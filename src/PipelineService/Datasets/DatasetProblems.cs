using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets;

/// <summary>Every problem that the calls on datasets answer with: code, status, sentence.</summary>
public static class DatasetProblems
{
    public static Problem InvalidName(string name) => new()
    {
        Code = "invalid_dataset_name",
        Status = StatusCodes.Status400BadRequest,
        Title = "This cannot be the name of a dataset.",
        Detail = $"\"{Excerpt.Of(name)}\" does not match {DatasetName.Pattern}: a lower-case letter, then lower-case letters, digits "
            + "and underscores, 63 characters at most.",
    };

    public static Problem MalformedJson(string detail) => new()
    {
        Code = "malformed_json",
        Status = StatusCodes.Status400BadRequest,
        Title = "The body is not JSON that can be read without doubt.",
        Detail = detail,
    };

    public static Problem InvalidDefinition(IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "invalid_definition",
        Status = StatusCodes.Status400BadRequest,
        Title = "The definition has faults.",
        Detail = "All of them are listed; nothing was changed.",
        Errors = errors,
    };

    public static Problem TableMismatch(string table, IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "table_mismatch",
        Status = StatusCodes.Status400BadRequest,
        Title = "The table contradicts the definition.",
        Detail = $"Table {table} cannot take rows of this definition. All contradictions are listed; nothing was changed.",
        Errors = errors,
    };

    public static Problem NotFound(string name) => new()
    {
        Code = "dataset_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such dataset.",
        Detail = $"No dataset is called \"{Excerpt.Of(name)}\". Declare it with PUT /v1/datasets/{Excerpt.Of(name)}; with a key that is "
            + "limited to some datasets, under a name among those.",
    };

    public static Problem NameTaken(string name) => new()
    {
        Code = "dataset_name_taken",
        Status = StatusCodes.Status409Conflict,
        Title = "The name of the dataset is taken.",
        Detail = $"Somebody else has, or had, a dataset called \"{Excerpt.Of(name)}\": names are unique in the service. Choose another, for "
            + "example with a beginning of your own.",
    };

    public static Problem TableNotAllowed(string table) => new()
    {
        Code = "table_not_allowed",
        Status = StatusCodes.Status403Forbidden,
        Title = "These credentials do not allow this table.",
        Detail = "Who is limited to some datasets or a tenant loads into tables that their own datasets have made, and into new ones, "
            + $"named as their datasets may be: {table} is neither. Leave load.table out for a table of the dataset's name, or ask whoever "
            + "runs the service to declare the dataset.",
    };

    public static Problem VersionNotFound(string name, int version) => new()
    {
        Code = "version_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "The dataset has no such version.",
        Detail = $"Dataset \"{name}\" has no version {version}. GET /v1/datasets/{name}/versions lists them.",
    };

    public static Problem TableBusy(string table) => new()
    {
        Code = "table_busy",
        Status = StatusCodes.Status409Conflict,
        Title = "Someone else is using the table.",
        Detail = $"Table {table} must be changed, and a load or another transaction holds it. Nothing was changed; try again.",
        RetryAfterSeconds = 5,
    };

    public static Problem ConstraintNotAdded(string table, IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "constraint_not_added",
        Status = StatusCodes.Status409Conflict,
        Title = "The table cannot get a key that the definition asks for.",
        Detail = $"What stands in the way in table {table} is listed for each; nothing was changed.",
        Errors = errors,
    };

    public static Problem PreconditionFailed(string name) => new()
    {
        Code = "precondition_failed",
        Status = StatusCodes.Status412PreconditionFailed,
        Title = "The dataset is not in the state that the request asked for.",
        Detail = $"If-Match or If-None-Match does not hold for \"{name}\". Get it, look at its ETag and try again.",
    };

    public static Problem VersionPassed(string name, int meant, int current) => new()
    {
        Code = "precondition_failed",
        Status = StatusCodes.Status412PreconditionFailed,
        Title = "The dataset is not in the state that the request asked for.",
        Detail = $"The body says version {meant} of \"{name}\", and version {current} is current. Get it again and change that; or send "
            + "what stands under \"definition\" alone, to make it the next version whatever is current.",
    };

    public static Problem BodyTooLarge(int bytesMax) => new()
    {
        Code = "body_too_large",
        Status = StatusCodes.Status413PayloadTooLarge,
        Title = "The body is too large.",
        Detail = $"A definition has at most {bytesMax} bytes.",
    };

    public static Problem UnsupportedMediaType(string contentType) => new()
    {
        Code = "unsupported_media_type",
        Status = StatusCodes.Status415UnsupportedMediaType,
        Title = "The body is not of a type that this call takes.",
        Detail = $"Send the definition as application/json, not as {Excerpt.Of(contentType)}: with curl, -H 'Content-Type: "
            + "application/json'.",
    };

    public static Problem UnsupportedContentEncoding(string encoding) => new()
    {
        Code = "unsupported_content_encoding",
        Status = StatusCodes.Status415UnsupportedMediaType,
        Title = "The content encoding cannot be removed.",
        Detail = $"Send the definition without Content-Encoding, not as {Excerpt.Of(encoding)}.",
    };

    /// <summary>Of a job: there is nothing that it could look up.</summary>
    public static Problem LookupNotLoaded(string dataset) => new()
    {
        Code = "lookup_not_loaded",
        Status = StatusCodes.Status409Conflict,
        Title = "A dataset that is looked up has no rows.",
        Detail = $"Nothing was loaded into dataset \"{dataset}\" since it can be looked up. Send its rows, then send this "
            + "upload again; nothing of "
            + "it was loaded. An upload without a record makes it a dataset without rows.",
    };

    /// <summary>Of a job: the rows that it would look up are of another form than its dataset was declared with.</summary>
    /// <param name="dataset">The dataset that is looked up.</param>
    /// <param name="version">Its version by which they were loaded.</param>
    /// <param name="columns">Those that are missing or of another type; none when it is something else.</param>
    public static Problem LookupChanged(string dataset, int version, IReadOnlyCollection<string> columns) => new()
    {
        Code = "lookup_changed",
        Status = StatusCodes.Status409Conflict,
        Title = "A dataset that is looked up has another form.",
        Detail = $"Version {version} of dataset \"{dataset}\""
            + (columns.Count > 0
                ? $" does not have {string.Join(", ", columns.Select(name => $"\"{Excerpt.Of(name)}\""))} as they were when "
                    + "this dataset was declared."
                : " has another key, or says of what is taken of it that it is personal data.")
            + " Declare this dataset again, then send the upload again; nothing of it was loaded.",
    };

    /// <summary>Of a job: a definition that was checked when it was declared names what is not set any more.</summary>
    public static Problem SecretMissing(string secret) => new()
    {
        Code = "secret_missing",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The service lacks a secret that the dataset needs.",
        Detail = $"The definition names the secret \"{secret}\": set Datasets:Secrets:{secret}, start the service again, and run the job again.",
    };
}
