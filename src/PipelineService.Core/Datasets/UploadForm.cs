namespace PipelineService.Core.Datasets;

/// <summary>What decides how an upload's records are read.</summary>
/// <param name="Format">From the content type.</param>
/// <param name="Delimiter">Of tab-separated values; null takes the dataset's dialect.</param>
public readonly record struct UploadForm(DataFormat Format, byte? Delimiter);
