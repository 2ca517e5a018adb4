using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>Every problem that the calls on models answer with, and those with which jobs end that use one.</summary>
public static class ModelProblems
{
    public static Problem InvalidName(string name) => new()
    {
        Code = "invalid_model_name",
        Status = StatusCodes.Status400BadRequest,
        Title = "This cannot be the name of a model.",
        Detail = $"\"{Excerpt.Of(name)}\" does not match {DatasetName.Pattern}: a lower-case letter, then lower-case letters, digits "
            + "and underscores, 63 characters at most.",
    };

    public static Problem NotFound(string name) => new()
    {
        Code = "model_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such model.",
        Detail = $"No model is called \"{Excerpt.Of(name)}\". Send it with PUT /v1/models/{Excerpt.Of(name)}; with a key that is "
            + "limited to some names, under one of those.",
    };

    public static Problem VersionNotFound(string name, int version) => new()
    {
        Code = "model_version_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "The model has no such version.",
        Detail = $"Model \"{name}\" has no version {version}. GET /v1/models/{name} lists them.",
    };

    public static Problem NameTaken(string name) => new()
    {
        Code = "model_name_taken",
        Status = StatusCodes.Status409Conflict,
        Title = "The name of the model is taken.",
        Detail = $"Somebody else has, or had, a model called \"{Excerpt.Of(name)}\": names are unique in the service. Choose another, for "
            + "example with a beginning of your own.",
    };

    public static Problem Refused(string fault) => new()
    {
        Code = "model_refused",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The model cannot be used.",
        Detail = $"{fault} Nothing was changed.",
    };

    public static Problem Empty => new()
    {
        Code = "model_refused",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The model cannot be used.",
        Detail = "The body is empty: send the file of the model, with curl by -T model.onnx.",
    };

    public static Problem TooLarge(long bytesMax) => new()
    {
        Code = "model_too_large",
        Status = StatusCodes.Status413PayloadTooLarge,
        Title = "The model is too large.",
        Detail = $"A model has at most {bytesMax} bytes (Datasets:ModelBytesMax).",
    };

    public static Problem BrokenOff => new()
    {
        Code = "body_incomplete",
        Status = StatusCodes.Status400BadRequest,
        Title = "The body broke off.",
        Detail = "Fewer bytes came than were announced, or they came too slowly. Nothing was changed; send the model again.",
    };

    public static Problem TooManyVersions(string name, int versionsMax) => new()
    {
        Code = "too_many_model_versions",
        Status = StatusCodes.Status409Conflict,
        Title = "The model has as many versions as it may.",
        Detail = $"Model \"{name}\" has {versionsMax} versions. Delete one that nobody uses: DELETE /v1/models/{name}/versions/{{version}}.",
    };

    public static Problem TooMany(int modelsMax) => new()
    {
        Code = "too_many_models",
        Status = StatusCodes.Status409Conflict,
        Title = "There are as many models as there may be.",
        Detail = $"The service has {modelsMax} models. Delete the versions of one that nobody uses any more.",
    };

    public static Problem Busy => new()
    {
        Code = "models_busy",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "Other models are being taken.",
        Detail = "Two models at a time are taken and tried. Send this one again in a moment.",
        RetryAfterSeconds = 5,
    };

    /// <param name="users">Who they are, as far as the caller may know.</param>
    public static Problem InUse(string name, int version, IReadOnlyCollection<string> users) => new()
    {
        Code = "model_in_use",
        Status = StatusCodes.Status409Conflict,
        Title = "The version of the model is in use.",
        Detail = $"Version {version} of model \"{name}\" is used by "
            + (users.Count > 0 ? string.Join(", ", users) : "somebody else's dataset or job")
            + ". Let the datasets use another version, and the jobs end.",
    };

    public static Problem UnsupportedMediaType(string contentType) => new()
    {
        Code = "unsupported_media_type",
        Status = StatusCodes.Status415UnsupportedMediaType,
        Title = "The body is not of a type that this call takes.",
        Detail = $"Send the file of the model as application/octet-stream, not as {Excerpt.Of(contentType)}: with curl, -T model.onnx, or "
            + "-H 'Content-Type: application/octet-stream' --data-binary @model.onnx.",
    };

    public static Problem UnsupportedContentEncoding(string encoding) => new()
    {
        Code = "unsupported_content_encoding",
        Status = StatusCodes.Status415UnsupportedMediaType,
        Title = "The content encoding cannot be removed.",
        Detail = $"Send the model without Content-Encoding, not as {Excerpt.Of(encoding)}.",
    };

    /// <summary>Of a job: a model that its definition names is not there any more.</summary>
    public static Problem Missing(string reference) => new()
    {
        Code = "model_missing",
        Status = StatusCodes.Status409Conflict,
        Title = "A model that scores the records is not there.",
        Detail = $"The definition names the model \"{Excerpt.Of(reference)}\", which was deleted. Send it again, or declare the dataset with "
            + "another; then send the upload again: nothing of it was loaded.",
    };

    /// <summary>Of a job: the newest version of a model takes or gives something else than the definition was held against.</summary>
    public static Problem Changed(string name, int version, IEnumerable<string> faults) => new()
    {
        Code = "model_changed",
        Status = StatusCodes.Status409Conflict,
        Title = "A model that scores the records has another form.",
        Detail = $"Version {version} of model \"{Excerpt.Of(name)}\" does not fit the dataset any more: {string.Join(' ', faults)} Declare the "
            + $"dataset again, or with an earlier version of the model (\"{Excerpt.Of(name)}@{Math.Max(1, version - 1)}\"); then send the "
            + "upload again: nothing of it was loaded.",
    };
}
