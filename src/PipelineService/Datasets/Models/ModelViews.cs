using PipelineService.Core.Scoring;

namespace PipelineService.Datasets.Models;

/// <summary>A model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Version">The newest version, which a definition means that names none.</param>
/// <param name="Current">That version.</param>
/// <param name="Versions">All versions, newest first.</param>
public sealed record ModelView(string Model, int Version, ModelVersionView Current, IReadOnlyList<ModelVersionView> Versions)
{
    internal static ModelView Of(IReadOnlyList<ModelRow> versions) => new(
        versions[0].Model, versions[0].Version, ModelVersionView.Of(versions[0]), [.. versions.Select(ModelVersionView.Of)]);
}

/// <summary>A version of a model.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Version">Its number, from 1; a number never means another file.</param>
/// <param name="Sha256">Of its file, lower-case hexadecimal.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Inputs">What it takes of a record.</param>
/// <param name="Outputs">What it gives for a record.</param>
/// <param name="Features">
/// What the values of its only input are called, in their order, where the file says it (<c>feature_names</c> among its metadata).
/// </param>
/// <param name="CreatedBy">Who sent it.</param>
public sealed record ModelVersionView(
    string Model, int Version, string Sha256, long Bytes, IReadOnlyList<TensorView> Inputs, IReadOnlyList<TensorView> Outputs,
    IReadOnlyList<string> Features, string CreatedBy, DateTime CreatedAt)
{
    internal static ModelVersionView Of(ModelRow row)
    {
        ModelSignature signature = row.ReadSignature();
        return new ModelVersionView(
            row.Model, row.Version, Convert.ToHexStringLower(row.Sha256), row.Bytes, [.. signature.Inputs.Select(TensorView.Of)],
            [.. signature.Outputs.Select(TensorView.Of)], signature.Features, row.CreatedBy, row.CreatedAt);
    }
}

/// <summary>A tensor that a model takes or gives, of which each record has a row.</summary>
/// <param name="Name">What the model calls it.</param>
/// <param name="Type">What its values are, as ONNX calls it: float, double, int64, int32, bool or string.</param>
/// <param name="Values">How many values a record has in it.</param>
/// <param name="Shape">Its shape: null for the records, then the values, if it has two dimensions.</param>
public sealed record TensorView(string Name, string Type, int Values, IReadOnlyList<int?> Shape)
{
    internal static TensorView Of(ModelTensor tensor) =>
        new(tensor.Name, TensorKinds.WordOf(tensor.Kind), tensor.Width, tensor.IsFlat ? [null] : [null, tensor.Width]);
}

/// <summary>A model in a list.</summary>
/// <param name="Version">The newest version.</param>
public sealed record ListedModel(string Model, int Version, string Sha256, long Bytes, DateTime CreatedAt)
{
    internal static ListedModel Of(ModelRow row) =>
        new(row.Model, row.Version, Convert.ToHexStringLower(row.Sha256), row.Bytes, row.CreatedAt);
}

/// <summary>A page of models, by name.</summary>
/// <param name="NextCursor">For the next page; null on the last one.</param>
public sealed record ModelPage(IReadOnlyList<ListedModel> Items, string? NextCursor);
