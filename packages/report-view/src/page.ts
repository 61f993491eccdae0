// The script of a self-contained page: draws the JSON in #data into #report.
import { renderReport, type ReportData } from './report.js';
import { reportStyle } from './style.js';

const style = document.createElement('style');
style.textContent = reportStyle;
document.head.append(style);
const data = JSON.parse(document.getElementById('data')!.textContent!) as ReportData;
renderReport(document.getElementById('report')!, data);
